import type { ReactNode } from "react";
import { Icon } from "@/components/Icon";
import { titleOf, type Row } from "@/events/rows";
import styles from "./FirstEvent.module.css";

interface Props {
  first: Row | null;
  /** What to know while waiting. */
  children: ReactNode;
}

/** "Waiting for the first event", which turns green when it is there. */
export function FirstEvent({ first, children }: Props) {
  const hasArrived = first?.kind === "event";
  return (
    <div
      className={`${styles["card"]} ${hasArrived ? styles["arrived"] : ""}`}
      role="status"
      data-testid="first-event"
    >
      <span className={styles["sign"]}>
        {hasArrived ? <Icon name="check" size={20} /> : <span className={styles["dot"]} />}
      </span>
      {hasArrived ? (
        <div>
          <strong>The first event is here</strong>
          {first.event.type}: {titleOf(first.event)}
        </div>
      ) : (
        <div>
          <strong>Waiting for the first event</strong>
          <span className="muted">{children}</span>
        </div>
      )}
    </div>
  );
}
