import type { ReactNode } from "react";
import type { DeadLetterWithEvent, FailedAttempt, WaitingWithEvent } from "@/api/types";
import { Chip } from "@/components/Chip";
import { CopyButton } from "@/components/CopyButton";
import { JsonTree } from "@/components/JsonTree";
import { Link } from "@/components/Link";
import { capitalised, formatCount, formatDayAndClock, formatFull, timeTooltip } from "@/format";
import { useMe } from "@/state/me";
import { reasonWords, timesWords } from "../words";
import { Side } from "./Side";
import panel from "@/components/panel/EventPanel.module.css";
import styles from "./FailedEvent.module.css";

type Failed = DeadLetterWithEvent | WaitingWithEvent;

interface Props {
  failed: Failed;
  /** Whether it may still be delivered by itself: it is told as a warning, not as an end. */
  isWaiting?: boolean;
  actions: ReactNode;
  /** Facts before those that all have. */
  facts?: ReactNode;
}

/** All that is known of an event that was not delivered so far. */
export function FailedEvent({ failed, isWaiting = false, actions, facts }: Props) {
  const me = useMe();
  const isTried = failed.attempts > 0;
  return (
    <>
      <div className={`${styles["why"]} ${isWaiting ? styles["waits"] : ""}`}>
        <strong>
          {isTried ? capitalised(reasonWords(failed.reason)) : "Another one goes before it"}
        </strong>
        {failed.detail === "" ? (
          <p className="muted">
            {isTried
              ? "The tool said nothing more."
              : "It is of the same person, and is tried once that one has an end."}
          </p>
        ) : (
          <pre
            className={styles["said"]}
            tabIndex={0}
            role="region"
            aria-label="What the tool said"
          >
            {failed.detail}
          </pre>
        )}
      </div>
      {actions}
      <dl className={panel["facts"]}>
        {facts}
        <dt>Source</dt>
        <dd>{failed.source}</dd>
        <dt>Subscription</dt>
        <dd>{failed.subscription}</dd>
        <dt>Tried</dt>
        <dd>{isTried ? timesWords(failed.attempts) : "not yet"}</dd>
        {isTried && (
          <>
            <When label="First tried" at={failed.first_at} />
            <When label="Last tried" at={failed.last_at} />
          </>
        )}
        {failed.status > 0 && (
          <>
            <dt>HTTP status</dt>
            <dd>{failed.status}</dd>
          </>
        )}
        <dt>Message id</dt>
        <dd className="mono">{failed.message_id}</dd>
      </dl>
      {me.may("events:read") && (
        <p className={styles["look"]}>
          <Link
            path={`/search?q=${encodeURIComponent(`message_id:"${failed.message_id}"`)}&range=30d`}
          >
            Search for the event
          </Link>
        </p>
      )}
      {isTried && <LastExchange failed={failed} />}
      {failed.tried.length > 1 && <Attempts tried={failed.tried} all={failed.attempts} />}
      <Payload failed={failed} />
      <div className={panel["bar"]}>
        <h3>The event {failed.edited && <Chip tone="warn">Edited</Chip>}</h3>
        <CopyButton
          text={JSON.stringify(failed.event, null, 2)}
          label="Copy the event as JSON"
          withText
        />
      </div>
      <JsonTree
        label={isWaiting ? "The event that waits" : "The event that was given up"}
        value={failed.event}
      />
    </>
  );
}

export function When({ label, at }: { label: string; at: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd title={timeTooltip(at)}>{formatFull(at)}</dd>
    </>
  );
}

/** The last request and its answer, as they were. */
function LastExchange({ failed }: { failed: Failed }) {
  const { request, response, request_events: events } = failed;
  if (request === null) {
    return (
      <p className={styles["none"]}>
        {failed.reason === "mapping"
          ? "It was never sent: the mapping made no payload of it."
          : "Its last request is not kept."}
      </p>
    );
  }
  return (
    <div className={styles["exchange"]}>
      {events > 1 && (
        <p className="muted">
          It was sent together with {formatCount(events - 1)} other{events > 2 && "s"}; these words
          are about the whole request.
        </p>
      )}
      <Side
        title="Last request"
        first={`${request.method} ${request.url}`.trim() || null}
        headers={request.headers}
        body={request.body}
        bodyBytes={request.body_bytes}
      />
      {response === null ? (
        <p className={styles["none"]}>No answer came.</p>
      ) : (
        <Side
          title="Last answer"
          first={response.status > 0 ? `HTTP ${response.status}` : null}
          headers={response.headers}
          body={response.body}
          bodyBytes={response.body_bytes}
        />
      )}
    </div>
  );
}

function Attempts({ tried, all }: { tried: readonly FailedAttempt[]; all: number }) {
  return (
    <section className={styles["attempts"]} aria-label="Attempts">
      <h3>Attempts</h3>
      <ol>
        {tried.map((attempt) => (
          <li key={attempt.number} value={attempt.number}>
            <span>
              <span className={styles["number"]}>{formatCount(attempt.number)}.</span>{" "}
              {reasonWords(attempt.reason)}
            </span>
            <time dateTime={attempt.at} title={timeTooltip(attempt.at)}>
              {formatDayAndClock(attempt.at)}
            </time>
          </li>
        ))}
      </ol>
      {all > tried.length && (
        <p className="muted">Of {formatCount(all)} attempts, the first and the last are kept.</p>
      )}
    </section>
  );
}

/** What the tool would get now, which may be something else than what it got. */
function Payload({ failed: { payload, payload_problem: problem } }: { failed: Failed }) {
  return (
    <section className={styles["payload"]} aria-label="What would be sent now">
      <div className={panel["bar"]}>
        <h3>What would be sent now</h3>
        {payload && (
          <CopyButton
            text={JSON.stringify(payload, null, 2)}
            label="Copy what would be sent as JSON"
            withText
          />
        )}
      </div>
      {payload ? (
        <JsonTree label="What would be sent now" value={payload} />
      ) : (
        <p className={styles["problem"]}>{capitalised(problem || "Nothing.")}</p>
      )}
    </section>
  );
}
