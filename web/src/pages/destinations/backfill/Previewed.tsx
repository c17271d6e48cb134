import { Button } from "@mantine/core";
import { useState } from "react";
import type { BackfillDraft, BackfillPreview, Destination } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { JsonTree } from "@/components/JsonTree";
import { formatEvents } from "@/format";
import { nameOf } from "../words";
import { lengthWords, paceWords } from "./words";
import styles from "./Previewed.module.css";

interface Props {
  destination: Destination;
  asked: BackfillDraft;
  preview: BackfillPreview;
  onStart: (asked: BackfillDraft) => Promise<void>;
}

/** How many events a backfill is about, the first of them, and the step to send them. */
export function Previewed({ destination, asked, preview, onStart }: Props) {
  const [isAsking, setAsking] = useState(false);
  const { events, sample } = preview;
  const pace = asked.events_per_s_max ?? null;
  const length = lengthWords(events, pace);
  if (events === 0) {
    return (
      <div className={styles["box"]} role="status">
        <strong>No stored event matches.</strong>
        <span className="muted">Choose a longer time, other sources or another query.</span>
      </div>
    );
  }
  return (
    <div className={styles["box"]}>
      <p role="status">
        <strong className={styles["events"]}>{formatEvents(events)}</strong>
        <span className="muted">
          {" "}
          · {paceWords(pace)}
          {length && `: ${length}`}
        </span>
      </p>
      {sample.length > 0 && (
        <details className={styles["sample"]}>
          <summary>The first ones, as the destination gets them</summary>
          {sample.map((event, index) => (
            <JsonTree key={index} label={`Event ${index + 1}`} value={event} />
          ))}
        </details>
      )}
      <div>
        <Button leftSection={<Icon name="send" />} onClick={() => setAsking(true)}>
          Send {formatEvents(events)}…
        </Button>
      </div>
      <Confirm
        title={`Send ${formatEvents(events)} to ${nameOf(destination)}?`}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        action="Start the backfill"
        run={() => onStart(asked)}
      >
        <p>
          Its sources, filters and subscriptions decide about each of them, as for live events. What
          it has had already it gets once more.
        </p>
        {!destination.enabled && (
          <p>The destination is disabled: it gets these, and nothing live.</p>
        )}
        <p>A backfill can be paused and canceled. What was sent stays sent.</p>
      </Confirm>
    </div>
  );
}
