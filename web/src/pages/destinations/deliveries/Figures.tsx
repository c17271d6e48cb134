import type { ReactNode } from "react";
import type { Delivery, DeliveryPace } from "@/api/types";
import { formatCount, formatPast, formatRate, timeTooltip } from "@/format";
import { useNow } from "@/state/now";
import { useParams } from "@/state/url";
import { isBehind, successWords, sumsOf, waitingOf } from "../words";
import {
  backlogWords,
  inMs,
  isRunning,
  lastingWords,
  mostWords,
  rateWords,
  sizeWords,
} from "./paceWords";
import styles from "../Overview.module.css";

/** How a destination stands in numbers: what is behind it, what lies before it, how fast it goes. */
export function Figures({ delivery }: { delivery: Delivery }) {
  const now = useNow(1_000);
  const sums = sumsOf(delivery.subscriptions);
  const { worked_at: at, pace } = delivery;
  return (
    <dl className={styles["figures"]}>
      <Figure label="Delivered">{formatCount(sums.delivered)}</Figure>
      <Backlog delivery={delivery} now={now} />
      <div>
        <dt>Dead letters</dt>
        <dd className={sums.dead > 0 ? styles["deadCount"] : ""}>{formatCount(sums.dead)}</dd>
        {sums.dead > 0 && <Look to="dead-letters">Look at them</Look>}
      </div>
      <div>
        <dt>Last success</dt>
        <dd title={at ? timeTooltip(at) : undefined}>{successWords(delivery, now)}</dd>
      </div>
      {pace && isRunning(delivery) && <Pace pace={pace} />}
    </dl>
  );
}

function Backlog({ delivery, now }: { delivery: Delivery; now: Date }) {
  const { oldest_at: oldest, pace } = delivery;
  const outOfLine = sumsOf(delivery.subscriptions).waiting;
  const waiting = waitingOf(delivery);
  const backlog = pace?.backlog_events ?? waiting;
  return (
    <div>
      <dt>Waiting</dt>
      <dd>{backlogWords(delivery)}</dd>
      {backlog > 0 && oldest && (
        <dd className={styles["small"]} title={timeTooltip(oldest)}>
          the oldest came {formatPast(oldest, now)}
        </dd>
      )}
      {pace !== null && pace.backlog_bytes > 0 && (
        <dd className={styles["small"]}>about {sizeWords(pace.backlog_bytes)}</dd>
      )}
      {outOfLine > 0 && <Look to="deliveries">{formatCount(outOfLine)} out of line</Look>}
      {backlog <= waiting && isBehind(delivery) && (
        <dd className={styles["small"]}>
          {waiting > 0 ? "and those that were not read yet" : "not read from the log yet"}
        </dd>
      )}
    </div>
  );
}

function Pace({ pace }: { pace: DeliveryPace }) {
  const lasting = inMs(pace.delivered_after_s_p50);
  return (
    <>
      <Figure label="Rate" small={`${formatRate(pace.events_per_s_60s)} /s over the last minute`}>
        {rateWords(pace)}
        {pace.retries_60s > 0 && (
          <span className={styles["beside"]}>{formatCount(pace.retries_60s)} tried again</span>
        )}
      </Figure>
      <Figure label="Delivered after" small={mostWords(inMs(pace.delivered_after_s_p99))}>
        {lastingWords(lasting)}
      </Figure>
      <Figure label="A request takes" small={mostWords(pace.request_ms_p99)}>
        {lastingWords(pace.request_ms_p50)}
      </Figure>
      <Figure label="Requests at once" small={`up to ${formatCount(pace.requests_at_once)} now`}>
        {formatCount(pace.requests_now)}
      </Figure>
    </>
  );
}

interface FigureProps {
  label: string;
  small?: string;
  children: ReactNode;
}

function Figure({ label, small = "", children }: FigureProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
      {small !== "" && <dd className={styles["small"]}>{small}</dd>}
    </div>
  );
}

function Look({ to, children }: { to: string; children: ReactNode }) {
  const [, change] = useParams();
  return (
    <dd className={styles["small"]}>
      <button type="button" className={styles["look"]} onClick={() => change({ view: to })}>
        {children}
      </button>
    </dd>
  );
}
