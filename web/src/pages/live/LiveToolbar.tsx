import { ActionIcon, Button, NativeSelect, TextInput, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api } from "@/api/calls";
import { Icon } from "@/components/Icon";
import type { TailFilters } from "@/events/query";
import { EVENT_TYPES } from "@/events/rows";
import { formatCount, formatRate } from "@/format";
import { useMe } from "@/state/me";
import { useShortcuts } from "@/state/shortcuts";
import { useParams } from "@/state/url";
import type { Live } from "./LiveList";
import styles from "./LivePage.module.css";

const TYPING_MS = 350;

interface Props {
  live: Live;
  filters: TailFilters;
  isPaused: boolean;
  onPause: () => void;
  onClear: () => void;
}

export function LiveToolbar({ live, filters, isPaused, onPause, onClear }: Props) {
  return (
    <div className={styles["toolbar"]} role="toolbar" aria-label="Live events">
      <Button
        variant={isPaused ? "filled" : "default"}
        leftSection={<Icon name={isPaused ? "play" : "pause"} size={16} />}
        onClick={onPause}
        aria-pressed={isPaused}
        w={122}
      >
        {isPaused ? "Resume" : "Pause"}
      </Button>
      <Tooltip label="Clear the list; the events stay stored">
        <ActionIcon
          variant="default"
          size={36}
          aria-label="Clear the list"
          onClick={onClear}
          disabled={live.rows.length === 0}
        >
          <Icon name="clear" size={17} />
        </ActionIcon>
      </Tooltip>
      <Filters filters={filters} />
      <Figures live={live} isPaused={isPaused} />
    </div>
  );
}

function Filters({ filters }: { filters: TailFilters }) {
  const [, change] = useParams();
  const me = useMe();
  const sources = useQuery({
    queryKey: ["sources"],
    queryFn: ({ signal }) => api.sources(signal),
    enabled: me.may("sources:read"),
  });
  const slugs = (sources.data ?? []).map((source) => source.slug);
  if (filters.source && !slugs.includes(filters.source)) slugs.push(filters.source);
  return (
    <div className={styles["filters"]}>
      {slugs.length > 1 && (
        <NativeSelect
          aria-label="Source"
          value={filters.source}
          onChange={(event) => change({ source: event.currentTarget.value })}
          data={[{ value: "", label: "All sources" }, ...slugs]}
        />
      )}
      <NativeSelect
        aria-label="Type"
        value={filters.type}
        onChange={(event) => change({ type: event.currentTarget.value })}
        data={[{ value: "", label: "All types" }, ...EVENT_TYPES]}
      />
      <TextFilter text={filters.text} />
    </div>
  );
}

/** Takes effect when the typing stops. */
function TextFilter({ text }: { text: string }) {
  const [, change] = useParams();
  const [typed, setTyped] = useState(text);
  const [applied, setApplied] = useState(text);
  const input = useRef<HTMLInputElement>(null);
  if (text !== applied) {
    // Changed from outside: by Back, or by removing the filters.
    setApplied(text);
    setTyped(text);
  }
  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => {
      setApplied(typed);
      change({ text: typed }, { replace: true });
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, text, change]);
  useShortcuts([
    { keys: ["/"], label: "Filter by text", group: "Live", run: () => input.current?.focus() },
  ]);
  return (
    <TextInput
      ref={input}
      aria-label="Text anywhere in the event"
      placeholder="Text in the event"
      leftSection={<Icon name="search" size={16} />}
      type="search"
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") input.current?.blur();
      }}
    />
  );
}

function Figures({ live, isPaused }: { live: Live; isPaused: boolean }) {
  const { status, skipped, connection } = live;
  const state =
    connection === "lost"
      ? { dot: "lostDot", words: "Reconnecting" }
      : connection === "connecting"
        ? { dot: "", words: "Connecting" }
        : isPaused
          ? { dot: "pausedDot", words: "Paused" }
          : { dot: "openDot", words: "Live" };
  return (
    <div className={styles["figures"]}>
      {skipped > 0 && (
        <Tooltip label="Matching events left out here, to keep the list readable. All are stored.">
          <span tabIndex={0}>
            <b>{formatCount(skipped)}</b> skipped
          </span>
        </Tooltip>
      )}
      {status && connection === "open" && (
        <Tooltip label="All sources: the mean of the last minute, or since the start of the server">
          <span tabIndex={0}>
            <b>{formatRate(status.events_per_s)}</b>
            <span className={styles["noun"]}> events</span>
            /s over 1 min
          </span>
        </Tooltip>
      )}
      <span className={styles["connection"]} role="status">
        <span className={`${styles["dot"]} ${styles[state.dot] ?? ""}`} />
        {state.words}
      </span>
    </div>
  );
}
