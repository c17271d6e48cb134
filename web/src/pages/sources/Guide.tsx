import { Button } from "@mantine/core";
import { useState } from "react";
import type { Source } from "@/api/types";
import { Icon } from "@/components/Icon";
import { wordsOf } from "@/events/rows";
import { SourceGuide } from "@/pages/connect/ConnectGuide";
import { FirstEvent } from "@/pages/live/FirstEvent";
import { useMe } from "@/state/me";
import { useLiveTail } from "@/state/useLiveTail";
import { useParams } from "@/state/url";
import styles from "./Guide.module.css";

/** How to send to this source: open until its first event is there, afterwards when asked for. */
export function Guide({ source }: { source: Source }) {
  const me = useMe();
  const [params, change] = useParams();
  const [wasEmpty] = useState(source.last_event_at === null);
  const isOpen = wasEmpty || params.get("guide") === "open";
  return (
    <section className={styles["guide"]} aria-label="Send events">
      <div className={styles["head"]}>
        <h2>{wasEmpty ? "Send its first event" : "Send events"}</h2>
        {!wasEmpty && (
          <Button
            variant="subtle"
            aria-expanded={isOpen}
            leftSection={<Icon name={isOpen ? "chevronDown" : "chevronRight"} size={16} />}
            onClick={() => change({ guide: isOpen ? null : "open" }, { replace: true })}
          >
            {isOpen ? "Hide the code" : "Show the code"}
          </Button>
        )}
      </div>
      {wasEmpty &&
        (me.may("events:read") ? <First source={source} /> : <FirstCounted source={source} />)}
      {isOpen && <SourceGuide source={source} />}
    </section>
  );
}

/** Waits for the first event, and says why one that came does not count. */
function First({ source }: { source: Source }) {
  const { rows } = useLiveTail({ source: source.slug, type: "", text: "" });
  const first = rows.findLast((row) => row.kind === "event");
  const setAside = rows.find((row) => row.kind === "set-aside");
  // The books tell of it too, where the live stream is refused or cut off.
  const arrived = wordsOf(first) ?? (isCounted(source) ? "Watch its events to see it." : null);
  return (
    <FirstEvent arrived={arrived}>
      {waitingWords(
        source,
        setAside &&
          `One came and was set aside: ${setAside.event.detail || setAside.event.reason}.`,
      )}
    </FirstEvent>
  );
}

/** The same for who may not see events: the figures alone tell whether one came. */
function FirstCounted({ source }: { source: Source }) {
  const setAside =
    source.invalid_24h > 0 ? "One came and was set aside: it is not a valid event." : undefined;
  return (
    <FirstEvent arrived={isCounted(source) ? "It came from this source." : null}>
      {waitingWords(source, setAside)}
    </FirstEvent>
  );
}

/** Whether an event came that is not invalid. */
const isCounted = (source: Source): boolean => source.events_24h > source.invalid_24h;

function waitingWords(source: Source, setAside: string | undefined): string {
  if (!source.enabled) return "The source is disabled: nothing is taken until it is enabled.";
  return setAside ?? "Copy the code below into your app. This page notices by itself.";
}
