import type { Backfill } from "@/api/types";
import { formatCompact, formatCount } from "@/format";
import styles from "./Figures.module.css";

const FIGURES = [
  ["delivered", "Delivered"],
  ["filtered", "Filtered"],
  ["dead_letters", "Dead letters"],
  ["discarded", "Discarded"],
  ["waiting", "Waiting"],
  ["to_come", "To come"],
] as const;

/** What became of a backfill's events, at all of its subscriptions together. */
export function Figures({ backfill }: { backfill: Backfill }) {
  const shown = FIGURES.filter(([field]) => field !== "discarded" || backfill.discarded > 0);
  return (
    <dl className={styles["figures"]}>
      {shown.map(([field, label]) => (
        <div key={field}>
          <dt>{label}</dt>
          <Count count={backfill[field]} isBad={field === "dead_letters"} />
        </div>
      ))}
    </dl>
  );
}

function Count({ count, isBad }: { count: number | null; isBad: boolean }) {
  if (count === null) return <dd className="muted">not counted</dd>;
  return (
    <dd className={isBad && count > 0 ? styles["bad"] : ""} title={formatCount(count)}>
      {count < 1_000_000 ? formatCount(count) : formatCompact(count)}
    </dd>
  );
}

/** The same for each subscription. */
export function Subscriptions({ backfill }: { backfill: Backfill }) {
  return (
    <div className={styles["scroller"]} tabIndex={0} role="region" aria-label="By subscription">
      <table className={styles["table"]}>
        <thead>
          <tr>
            <th scope="col">Subscription</th>
            {FIGURES.map(([field, label]) => (
              <th key={field} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {backfill.subscriptions.map((books) => (
            <tr key={books.slug}>
              <th scope="row">{books.slug}</th>
              {FIGURES.map(([field]) => {
                const count = books[field];
                return <td key={field}>{count === null ? "–" : formatCount(count)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
