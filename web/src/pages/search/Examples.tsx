import { Button } from "@mantine/core";
import styles from "./Examples.module.css";

const EXAMPLES: [string, string][] = [
  ['event:"Order Completed"', "events of one name, quoted because of the space"],
  ["user_id:u-1007 AND type:page", "what one user looked at"],
  ["properties.revenue:>50", "a property above a number"],
  ["properties.revenue:[10 TO 50]", "a property in a range"],
  ["event:Product*", "names that begin alike"],
  ["NOT user_id:*", "people who have not signed in"],
  ["desk", "a word anywhere in the event"],
];

/** What queries look like, to start from. */
export function Examples({ onQuery }: { onQuery: (query: string) => void }) {
  return (
    <section className={styles["examples"]} aria-label="Examples">
      <h2>Queries look like this</h2>
      <ul>
        {EXAMPLES.map(([query, meaning]) => (
          <li key={query}>
            <Button variant="default" size="compact-sm" onClick={() => onQuery(query)}>
              <span className="mono">{query}</span>
            </Button>
            <span className="muted">{meaning}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
