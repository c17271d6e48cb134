import type { ReactNode } from "react";
import { Icon } from "@/components/Icon";
import styles from "./FirstEvent.module.css";

interface Props {
  /** What came, in words; null while waiting. */
  arrived: string | null;
  /** What to know while waiting. */
  children: ReactNode;
}

/** "Waiting for the first event", which turns green when it is there. */
export function FirstEvent({ arrived, children }: Props) {
  const hasArrived = arrived !== null;
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
          {arrived}
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
