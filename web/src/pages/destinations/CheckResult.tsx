import type { CheckAnswer } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Icon, type IconName } from "@/components/Icon";
import { formatDuration } from "@/format";
import { foundWords, nameWords, thingWords } from "./checkWords";
import styles from "./CheckResult.module.css";

/** What was looked at, in order, with what was found. */
export function CheckResult({ answer }: { answer: CheckAnswer }) {
  const { tone, label, about } = foundWords(answer);
  const icon = tone === "good" ? "check" : "warning";
  return (
    <section className={styles["result"]} aria-label="Result of the check">
      <div className={styles["head"]} role="status">
        <Chip tone={tone} {...(tone === "plain" ? {} : { icon })}>
          {label}
        </Chip>
        <span>{about}</span>
        <span className="muted">Took {formatDuration(answer.took_ms)}.</span>
      </div>
      <ul className={styles["list"]} aria-label="What was looked at">
        {answer.checked.map((thing, index) => (
          <li key={`${index} ${thing.name}`} className={styles[thingWords(thing).replace(" ", "")]}>
            <span className={styles["sign"]}>
              <Icon name={ICONS[thingWords(thing)] ?? "more"} size={16} />
              <span className="visually-hidden">{thingWords(thing)}: </span>
            </span>
            <strong>{nameWords(thing)}</strong>
            <span className={styles["detail"]}>{thing.detail}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const ICONS: Record<string, IconName> = { good: "check", wrong: "warning", "not told": "more" };
