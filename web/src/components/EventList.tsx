import { memo, useEffect, useRef, type KeyboardEvent, type ReactNode } from "react";
import type { SetAsideEvent, TrackedEvent } from "@/api/types";
import { previewOf, titleOf, type Row } from "@/events/rows";
import { Time } from "./Time";
import { TypeBadge } from "./TypeBadge";
import styles from "./EventList.module.css";

interface Props {
  label: string;
  rows: readonly Row[];
  selectedKey: string | null;
  onOpen: (row: Row) => void;
  /** Live lists show when an event arrived, searches when it happened. */
  time: "received" | "happened";
  /** Put above the row of this key: what came before the reader looked. */
  divider?: { aboveKey: string; label: string } | null;
}

const COLUMNS = ["Type", "Event", "User", "Source", "Properties"];

/** Events as a grid: one row each, moved through with the arrow keys. */
export function EventList(props: Props) {
  const { label, rows, selectedKey, onOpen, time, divider } = props;
  const grid = useRef<HTMLDivElement>(null);
  const hasSelected = rows.some((row) => row.key === selectedKey);
  useSelectedInView(grid, selectedKey);
  return (
    <div className={styles["frame"]}>
      <div
        ref={grid}
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        className={styles["list"]}
      >
        <div role="row" className={styles["head"]}>
          {[time === "received" ? "Received" : "Time", ...COLUMNS].map((name) => (
            <div key={name} role="columnheader">
              {name}
            </div>
          ))}
        </div>
        {rows.map((row, index) => (
          <WithDivider key={row.key} label={divider?.aboveKey === row.key ? divider.label : null}>
            <EventRow
              row={row}
              time={time}
              isSelected={row.key === selectedKey}
              isTabStop={hasSelected ? row.key === selectedKey : index === 0}
              onOpen={onOpen}
            />
          </WithDivider>
        ))}
      </div>
    </div>
  );
}

function WithDivider({ label, children }: { label: string | null; children: ReactNode }) {
  if (label === null) return children;
  return (
    <>
      <div role="row" className={styles["divider"]}>
        <span role="gridcell">{label}</span>
      </div>
      {children}
    </>
  );
}

/** Follows the selection: scrolled to, and focused where the focus is in the list already. */
function useSelectedInView(
  grid: React.RefObject<HTMLDivElement | null>,
  selectedKey: string | null,
): void {
  useEffect(() => {
    const row = grid.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (!row) return;
    row.scrollIntoView({ block: "nearest" });
    if (grid.current?.contains(document.activeElement)) row.focus({ preventScroll: true });
  }, [grid, selectedKey]);
}

interface RowProps {
  row: Row;
  time: "received" | "happened";
  isSelected: boolean;
  isTabStop: boolean;
  onOpen: (row: Row) => void;
}

const EventRow = memo(function EventRow(props: RowProps) {
  const { row, time, isSelected, isTabStop, onOpen } = props;
  const at =
    row.kind === "event" && time === "happened" ? row.event.timestamp : row.event.received_at;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    onOpen(row);
  };
  const kind = row.kind === "set-aside" ? styles["setAside"] : "";
  return (
    <div
      role="row"
      className={`${styles["row"]} ${kind} ${row.isFresh ? styles["fresh"] : ""}`}
      aria-selected={isSelected}
      data-key={row.key}
      tabIndex={isTabStop ? 0 : -1}
      onClick={() => onOpen(row)}
      onKeyDown={onKeyDown}
    >
      <div role="gridcell" className={styles["time"]} data-cell="time">
        <Time at={at} form={time === "received" ? "clock" : "day"} />
      </div>
      {row.kind === "event" ? (
        <EventCells event={row.event} />
      ) : (
        <SetAsideCells event={row.event} />
      )}
    </div>
  );
});

function EventCells({ event }: { event: TrackedEvent }) {
  const who = event.user_id || event.anonymous_id;
  return (
    <>
      <div role="gridcell" data-cell="type">
        <TypeBadge type={event.type} />
      </div>
      <div role="gridcell" className={styles["title"]} data-cell="title" title={titleOf(event)}>
        {titleOf(event)}
      </div>
      <div
        role="gridcell"
        className={`${styles["user"]} ${event.user_id ? "" : styles["anonymous"]}`}
        data-cell="user"
        title={event.user_id ? `User ${who}` : `Anonymous ${who}`}
      >
        {who}
      </div>
      <div role="gridcell" className={styles["source"]} data-cell="source">
        {event.source}
      </div>
      <div role="gridcell" className={styles["preview"]} data-cell="preview">
        {previewOf(event).map(([key, value]) => (
          <span key={key}>
            <bdi className={styles["key"]}>{key}</bdi> <bdi>{value}</bdi>{" "}
          </span>
        ))}
      </div>
    </>
  );
}

function SetAsideCells({ event }: { event: SetAsideEvent }) {
  return (
    <>
      <div role="gridcell" data-cell="type">
        <TypeBadge type={event.outcome} />
      </div>
      <div role="gridcell" className={styles["title"]} data-cell="title">
        {event.event || event.type || event.reason}
      </div>
      <div role="gridcell" className={styles["user"]} data-cell="user" />
      <div role="gridcell" className={styles["source"]} data-cell="source">
        {event.source}
      </div>
      <div role="gridcell" className={styles["reason"]} data-cell="preview" title={event.detail}>
        {event.detail || event.reason}
      </div>
    </>
  );
}
