import { Icon } from "@/components/Icon";
import { titleOf, type Row } from "@/events/rows";
import styles from "./FirstEvent.module.css";

/** "Waiting for the first event", which turns green when it is there. */
export function FirstEvent({ first }: { first: Row | null }) {
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
          <span className="muted">
            This page notices by itself. No app at hand? Run <code>tailrace demo</code> beside the
            server.
          </span>
        </div>
      )}
    </div>
  );
}
