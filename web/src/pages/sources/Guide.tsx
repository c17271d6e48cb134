import { Button } from "@mantine/core";
import { useState } from "react";
import type { Source } from "@/api/types";
import { Icon } from "@/components/Icon";
import { wordsOf } from "@/events/rows";
import { SourceGuide } from "@/pages/connect/ConnectGuide";
import { FirstEvent } from "@/pages/live/FirstEvent";
import { useLiveTail } from "@/state/useLiveTail";
import { useParams } from "@/state/url";
import styles from "./Guide.module.css";

/** How to send to this source: open until its first event is there, afterwards when asked for. */
export function Guide({ source }: { source: Source }) {
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
      {wasEmpty && <First source={source} />}
      {isOpen && <SourceGuide source={source} />}
    </section>
  );
}

/** Waits for the first event, and says why one that came does not count. */
function First({ source }: { source: Source }) {
  const { rows } = useLiveTail({ source: source.slug, type: "", text: "" });
  const first = rows.findLast((row) => row.kind === "event");
  // The books tell of it too, where the live stream is refused or cut off.
  const isCounted = source.events_24h > source.invalid_24h;
  const arrived = wordsOf(first) ?? (isCounted ? "Watch its events to see it." : null);
  const setAside = rows.find((row) => row.kind === "set-aside");
  return (
    <FirstEvent arrived={arrived}>
      {!source.enabled
        ? "The source is disabled: nothing is taken until it is enabled."
        : setAside
          ? `One came and was set aside: ${setAside.event.detail || setAside.event.reason}.`
          : "Copy the code below into your app. This page notices by itself."}
    </FirstEvent>
  );
}
