import type { Destination } from "@/api/types";
import { formatShare } from "@/format";
import { Chip } from "@/components/Chip";
import { JsonTree } from "@/components/JsonTree";
import styles from "./Routing.module.css";

/** Which events the destination gets and what becomes of them, for who may not change it. */
export function Routing({ destination }: { destination: Destination }) {
  const { filters, subscriptions } = destination;
  return (
    <>
      <h3 className={styles["title"]}>Subscriptions</h3>
      {subscriptions === null ? (
        <p className="muted">
          Those that its type comes with: every action, for all events that it is made for.
        </p>
      ) : (
        <ul className={styles["list"]}>
          {subscriptions.map(({ slug, name, action, trigger, enabled = true, mapping = {} }) => (
            <li key={slug} className={styles["line"]}>
              <span>
                <strong>{name || slug}</strong> does <code className="mono">{action}</code>{" "}
                {trigger ? (
                  <>
                    where <code className="mono">{trigger}</code>
                  </>
                ) : (
                  "as its type does by default"
                )}
                {Object.keys(mapping).length > 0 && (
                  <details className={styles["mapping"]}>
                    <summary>Mapping</summary>
                    <JsonTree value={mapping} label={`Mapping of ${name || slug}`} />
                  </details>
                )}
              </span>
              {!enabled && <Chip tone="warn">Disabled</Chip>}
            </li>
          ))}
        </ul>
      )}
      <h3 className={styles["title"]}>Filters</h3>
      {filters.length === 0 ? (
        <p className="muted">None: no event is held back or changed on its way.</p>
      ) : (
        <ol className={styles["list"]}>
          {filters.map(({ if: condition, title, actions, enabled = true }, index) => (
            <li key={index} className={styles["line"]}>
              <span>
                {title && <strong>{title}: </strong>}
                where <code className="mono">{condition}</code>,{" "}
                {actions.map(actionWords).join(", ")}
              </span>
              {!enabled && <Chip tone="warn">Disabled</Chip>}
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

type FilterAction = Destination["filters"][number]["actions"][number];

function actionWords({ type, percent }: FilterAction): string {
  switch (type) {
    case "DROP":
      return "send none";
    case "SAMPLE":
      return `send ${formatShare(percent ?? 1)}`;
    case "DROP_PROPERTIES":
      return "leave out some properties";
    case "ALLOW_PROPERTIES":
      return "send some properties only";
  }
}
