import type { Alert, AlertStanding } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Link } from "@/components/Link";
import { Problem } from "@/components/notices";
import { formatCount, formatMinute, formatPast, timeTooltip } from "@/format";
import { useNow } from "@/state/now";
import { firingWords, STATES, waitingWords } from "./words";
import styles from "./Standing.module.css";

export function StandingChip({ standing }: { standing: AlertStanding }) {
  const { label, tone } = STATES[standing.state];
  const count = standing.firing_count;
  return (
    <Chip tone={tone} {...(tone === "bad" ? { icon: "warning" } : {})}>
      {count > 1 ? `${label}: ${formatCount(count)}` : label}
    </Chip>
  );
}

/** Which destinations are in trouble, and whether people could be told. */
export function Standing({ alert }: { alert: Alert }) {
  const now = useNow(3_000);
  const { state, firing, firing_count, notified_at, waiting, problem } = alert.standing;
  return (
    <>
      <p>
        {state === "disabled" && "It is disabled: nothing is looked at, and nobody is told."}
        {state === "ok" && "Nothing that it watches is in trouble."}
        {state === "firing" && <strong>{firingWords(firing_count)}</strong>}
      </p>
      {firing.length > 0 && (
        <ul className={styles["list"]} aria-label="In trouble">
          {firing.map(({ destination, since, reason }) => (
            <li key={destination}>
              <Link path={`/destinations/${destination}`}>{destination}</Link>{" "}
              <span className={styles["reason"]}>{reason}</span>
              <span className="muted" title={timeTooltip(since)}>
                {" "}
                since {formatMinute(since)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {firing_count > firing.length && (
        <p className="muted">and {formatCount(firing_count - firing.length)} more</p>
      )}
      <p className="muted">
        {notified_at === null ? (
          "Nobody was told anything yet."
        ) : (
          <span title={timeTooltip(notified_at)}>
            A message was last taken {formatPast(notified_at, now)}.
          </span>
        )}
        {waiting > 0 && ` ${waitingWords(waiting)}`}
      </p>
      {problem !== "" && <Problem text={`The last message was not taken: ${problem}`} />}
    </>
  );
}
