import type { DryRun } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { JsonTree } from "@/components/JsonTree";
import { Time } from "@/components/Time";
import { formatEvents } from "@/format";
import { previewChip, reasonSentence } from "./previewWords";
import styles from "./DryRun.module.css";

type Subscription = DryRun["subscriptions"][number];
type Reason = Subscription["reasons"][number];

interface Props {
  subscription: Subscription;
  isAlone: boolean;
}

/** Why events would end as they do at a subscription, the commonest first, with some of them. */
export function DryRunReasons({ subscription, isAlone }: Props) {
  const { slug, name, reasons } = subscription;
  return (
    <section className={styles["reasons"]} aria-label={`Reasons: ${name || slug}`}>
      {!isAlone && (
        <h3>
          <bdi>{name || slug}</bdi>
        </h3>
      )}
      {reasons.map((reason, index) => (
        <ReasonLine key={index} reason={reason} />
      ))}
    </section>
  );
}

function ReasonLine({ reason }: { reason: Reason }) {
  const { outcome, step, events, samples } = reason;
  const { tone, label } = previewChip({ outcome, step });
  return (
    <details className={styles["reason"]}>
      <summary>
        <span className={styles["arrow"]}>
          <Icon name="chevronRight" size={14} />
        </span>
        <Chip tone={tone}>{label}</Chip>
        <strong>{formatEvents(events)}</strong>
        <span className="muted">{reasonSentence(step, reason.reason)}</span>
      </summary>
      <ul className={styles["samples"]}>
        {samples.map(
          ({ message_id: id, type, name, source, received_at: at, problems, payload }) => (
            <li key={id}>
              <div className={styles["sample"]}>
                <strong>
                  <bdi>{name || type}</bdi>
                </strong>
                <span className="muted">
                  {source} · <Time at={at} form="day" />
                </span>
              </div>
              {problems.map(({ field, message }, index) => (
                <p key={index} className={styles["problem"]}>
                  <code className="mono">{field}</code> {message}
                </p>
              ))}
              {payload && <JsonTree value={payload} label={`What is sent of ${name || type}`} />}
            </li>
          ),
        )}
      </ul>
    </details>
  );
}
