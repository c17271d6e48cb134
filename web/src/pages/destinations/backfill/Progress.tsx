import type { Backfill } from "@/api/types";
import { Chip } from "@/components/Chip";
import { percentOf, shareOf, STATES } from "./words";
import styles from "./Progress.module.css";

/** How far a backfill is: a bar with its parts, and the share in percent beside it. */
export function Progress({ backfill }: { backfill: Backfill }) {
  const share = shareOf(backfill);
  const percent = share === null ? null : percentOf(share);
  return (
    <div className={styles["line"]}>
      <div
        className={styles["bar"]}
        role="progressbar"
        aria-label={`Backfill ${backfill.id}`}
        {...(percent === null
          ? {}
          : { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": percent })}
      >
        <div
          className={`${styles["done"]} ${styles[toneOf(backfill)]}`}
          style={{ width: `${percent ?? 0}%` }}
        />
      </div>
      <span className={styles["percent"]}>{percent === null ? "" : `${percent} %`}</span>
    </div>
  );
}

const toneOf = ({ state }: Backfill): "moving" | "still" | "ended" =>
  state === "done" ? "ended" : state === "running" ? "moving" : "still";

export function BackfillChip({ backfill }: { backfill: Backfill }) {
  const { label, tone, about } = STATES[backfill.state];
  const isStuck = backfill.state === "running" && backfill.problem !== "";
  if (isStuck) {
    return (
      <Chip tone="bad" icon="warning" title={backfill.problem}>
        Held up
      </Chip>
    );
  }
  return (
    <Chip tone={tone} title={about} {...(tone === "bad" ? { icon: "warning" } : {})}>
      {label}
    </Chip>
  );
}
