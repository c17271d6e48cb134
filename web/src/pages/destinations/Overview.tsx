import { Button, Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Delivery, DeliveryReason, Subscription } from "@/api/types";
import { Icon } from "@/components/Icon";
import { Stale } from "@/components/notices";
import { Section } from "@/components/Section";
import { Empty, Failure } from "@/components/states";
import { capitalised, formatCount, formatEvents, formatMinute, timeTooltip } from "@/format";
import { useMe } from "@/state/me";
import { useParams } from "@/state/url";
import { Figures } from "./deliveries/Figures";
import { Steering } from "./deliveries/Steering";
import { problemWords, reasonWords, STATES } from "./words";
import styles from "./Overview.module.css";

interface Props {
  slug: string;
  delivery: UseQueryResult<Delivery>;
}

/** How a destination fares, and the books of its events. */
export function Overview({ slug, delivery }: Props) {
  const me = useMe();
  const retry = () => void delivery.refetch();
  if (delivery.isPending) return <Skeleton height={180} />;
  if (!delivery.data) return <Failure error={delivery.error} onRetry={retry} />;
  const { subscriptions, reasons } = delivery.data;
  return (
    <>
      {delivery.isError && <Stale error={delivery.error} onRetry={retry} />}
      <State delivery={delivery.data} />
      <Figures delivery={delivery.data} />
      <Section title="Books">
        <Books subscriptions={subscriptions} />
      </Section>
      {reasons.length > 0 && (
        <Section title="Why events were not delivered">
          <Reasons reasons={reasons} subscriptions={subscriptions} />
        </Section>
      )}
      {me.may("destinations:write") && <Steering slug={slug} delivery={delivery.data} />}
    </>
  );
}

/** What its state means, with what the tool said where that is why. */
function State({ delivery }: { delivery: Delivery }) {
  const { state, problem } = delivery;
  const [, change] = useParams();
  const { about, tone } = STATES[state];
  const since = delivery.pace?.failing_since ?? null;
  if (state === "running" && problem === "") return null;
  return (
    <div className={`${styles["state"]} ${styles[tone]}`} role="status">
      <Icon name={tone === "bad" ? "warning" : "history"} />
      <div className={styles["stateWords"]}>
        <p>
          <strong>{STATES[state].label}.</strong> {about}
        </p>
        {problem !== "" && <p className={styles["said"]}>{problemWords(problem)}</p>}
        {since && (
          <p title={timeTooltip(since)}>It has taken nothing since {formatMinute(since)}.</p>
        )}
      </div>
      {state === "suspended" && (
        <Button variant="default" size="xs" onClick={() => change({ view: "settings" })}>
          Look at its settings
        </Button>
      )}
    </div>
  );
}

const OUTCOMES = [
  { field: "delivered", label: "Delivered", about: "the tool has taken them" },
  { field: "filtered", label: "Filtered", about: "they are not for it" },
  {
    field: "dead_letters",
    label: "Dead letters",
    about: "the tool refused them, or took too long",
  },
  { field: "discarded", label: "Discarded", about: "dead letters that somebody removed" },
  { field: "waiting", label: "Waiting", about: "they are tried again, out of line" },
] as const;

/** Every event has one place in the books, so that the sum shows that none is lost. */
function Books({ subscriptions }: { subscriptions: readonly Subscription[] }) {
  if (subscriptions.length === 0) {
    return (
      <Empty icon="table" title="Nothing in the books yet">
        They begin with the first event that is stored after the destination was added.
      </Empty>
    );
  }
  return (
    <>
      <p className="muted">
        Each event that was dealt with since the destination was added is in exactly one of these
        places: none is lost, and none counts twice.
      </p>
      {subscriptions.map((each) => (
        <Book key={each.slug} subscription={each} isAlone={subscriptions.length === 1} />
      ))}
    </>
  );
}

function Book({ subscription, isAlone }: { subscription: Subscription; isAlone: boolean }) {
  const { slug, name } = subscription;
  const total = OUTCOMES.reduce((sum, { field }) => sum + subscription[field], 0);
  return (
    <table className={styles["book"]}>
      <caption className={isAlone ? "visually-hidden" : ""}>{name || slug}</caption>
      <tbody>
        {OUTCOMES.map(({ field, label, about }) => (
          <tr key={field}>
            <th scope="row">
              {label}
              <span className={styles["about"]}> {about}</span>
            </th>
            <td>{formatCount(subscription[field])}</td>
            <td className={styles["barCell"]} aria-hidden="true">
              <span
                className={`${styles["bar"]} ${styles[field]}`}
                style={{ width: `${total === 0 ? 0 : (100 * subscription[field]) / total}%` }}
              />
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">
            Together<span className={styles["about"]}> all events that were dealt with</span>
          </th>
          <td>{formatCount(total)}</td>
          <td aria-hidden="true" />
        </tr>
      </tfoot>
    </table>
  );
}

interface ReasonsProps {
  reasons: readonly DeliveryReason[];
  subscriptions: readonly Subscription[];
}

function Reasons({ reasons, subscriptions }: ReasonsProps) {
  const [, change] = useParams();
  const nameOfSubscription = (slug: string) =>
    subscriptions.find((each) => each.slug === slug)?.name || slug;
  return (
    <ul className={styles["reasons"]}>
      {reasons.map(({ subscription, outcome, reason, events }) => (
        <li key={`${subscription} ${outcome} ${reason}`} className={styles["reason"]}>
          <span>
            <strong>{capitalised(outcome)}:</strong> {reasonWords(reason)}
            {subscriptions.length > 1 && (
              <span className="muted"> · {nameOfSubscription(subscription)}</span>
            )}
          </span>
          <span className={styles["reasonCount"]}>
            {outcome === "dead letter" && events > 0 ? (
              <button
                type="button"
                className={styles["look"]}
                onClick={() => change({ view: "dead-letters", reason })}
              >
                {formatEvents(events)}
              </button>
            ) : (
              formatEvents(events)
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
