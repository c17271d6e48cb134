import styles from "./TypeBadge.module.css";

/** An event's type, or the outcome of one that was set aside: colour and word. */
export function TypeBadge({ type }: { type: string }) {
  return <span className={`${styles["badge"]} ${styles[type] ?? ""}`}>{type}</span>;
}
