import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { EventList } from "@/components/EventList";
import { Icon } from "@/components/Icon";
import { Empty, Waiting } from "@/components/states";
import type { TailFilters } from "@/events/query";
import type { Row } from "@/events/rows";
import { capitalised, formatCount } from "@/format";
import { useShortcuts } from "@/state/shortcuts";
import { useParams } from "@/state/url";
import type { useLiveTail } from "@/state/useLiveTail";
import { LiveToolbar } from "./LiveToolbar";
import styles from "./LivePage.module.css";

export type Live = ReturnType<typeof useLiveTail>;

/** Scrolled this far down, the reader is reading: new rows wait. */
const AWAY_PX = 8;

interface Props {
  live: Live;
  filters: TailFilters;
  openKey: string | null;
  onOpen: (row: Row) => void;
}

export function LiveList({ live, filters, openKey, onOpen }: Props) {
  const [isPaused, setPaused] = useState(false);
  const [isAway, setAway] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const { tail } = live;
  useEffect(() => tail.hold(isPaused || isAway), [tail, isPaused, isAway]);
  const toTop = () => {
    setPaused(false);
    setAway(false);
    scroller.current?.scrollTo({ top: 0 });
  };
  useShortcuts([
    { keys: [" "], label: "Pause or resume", group: "Live", run: () => setPaused(!isPaused) },
    { keys: ["c"], label: "Clear the list", group: "Live", run: () => tail.clear() },
    { keys: ["t"], label: "Show the newest events", group: "Live", run: toTop },
  ]);
  return (
    <>
      <LiveToolbar
        live={live}
        filters={filters}
        isPaused={isPaused}
        onPause={() => setPaused(!isPaused)}
        onClear={() => tail.clear()}
      />
      <Trouble live={live} />
      <div className={styles["listArea"]}>
        {live.held > 0 && (
          <Button
            className={styles["pill"] ?? ""}
            radius="xl"
            size="xs"
            leftSection={<Icon name="arrowUp" size={15} />}
            onClick={toTop}
          >
            {live.held === 1 ? "1 new event" : `${formatCount(live.held)} new events`}
          </Button>
        )}
        <div
          ref={scroller}
          className={styles["scroller"]}
          onScroll={(event) => setAway(event.currentTarget.scrollTop > AWAY_PX)}
        >
          <Rows live={live} filters={filters} openKey={openKey} onOpen={onOpen} />
        </div>
      </div>
    </>
  );
}

/** Why the list may not be all there is: the stream is cut off, or what came before is missing. */
function Trouble({ live }: { live: Live }) {
  if (live.isCutOff || live.refusal) {
    return (
      <div className={styles["trouble"]} role="alert">
        <p>
          <strong>The live stream is interrupted. </strong>
          {live.refusal
            ? capitalised(live.refusal)
            : `${location.host} cannot be reached. New events show here by themselves when it can.`}
        </p>
        <Button variant="default" size="xs" onClick={() => live.tail.retry()}>
          Try now
        </Button>
      </div>
    );
  }
  if (live.earlierProblem && live.connection === "open") {
    return (
      <div className={`${styles["trouble"]} ${styles["mild"]}`} role="alert">
        <p>
          <strong>Earlier events could not be loaded. </strong>
          {capitalised(live.earlierProblem)}
        </p>
      </div>
    );
  }
  return null;
}

function Rows({ live, filters, openKey, onOpen }: Props) {
  const [, change] = useParams();
  if (live.rows.length > 0) {
    return (
      <EventList
        label="Live events, newest first"
        rows={live.rows}
        selectedKey={openKey}
        onOpen={onOpen}
        time="received"
        divider={
          live.earlierKey === null
            ? null
            : { aboveKey: live.earlierKey, label: "Before this page was opened" }
        }
      />
    );
  }
  if (!live.isLoaded && live.connection !== "lost") return <Waiting label="Loading events" />;
  if (live.isCutOff) {
    return (
      <Empty icon="live" title="No events to show">
        None had arrived here before the stream was interrupted.
      </Empty>
    );
  }
  const isFiltered = Object.values(filters).some((value) => value !== "");
  return (
    <Empty
      icon="live"
      title={isFiltered ? "No event matches yet" : "No events right now"}
      actions={
        isFiltered && (
          <Button
            variant="default"
            onClick={() => change({ source: null, type: null, text: null })}
          >
            Remove the filters
          </Button>
        )
      }
    >
      {isFiltered
        ? "Nothing of the last 24 hours does. Matching events will show here as they arrive."
        : "The next event will show here as it arrives."}
    </Empty>
  );
}
