import { Checkbox, TextInput } from "@mantine/core";
import { Problem } from "@/components/notices";
import { beginningOf, CONDITIONS, type Condition, type Draft } from "./draft";
import forms from "@/components/forms.module.css";
import styles from "./AlertFields.module.css";

const LABELS: Record<Condition, string> = {
  down_for_s: "The tool takes nothing for",
  suspended_for_s: "The destination is suspended for",
  oldest_older_than_s: "The oldest event on its way is older than",
  dead_letters_more_than: "Dead letters are more than",
};

interface Props {
  draft: Draft;
  /** The problem of a field. */
  at: (field: string) => string | null;
  onChange: (edited: Partial<Draft>) => void;
}

/** What is trouble: one of those that are ticked is enough. */
export function Conditions({ draft, at, onChange }: Props) {
  const edit = (name: Condition, typed: string | null) =>
    onChange({ when: { ...draft.when, [name]: typed } });
  const none = at("when");
  return (
    <div className={styles["group"]} role="group" aria-label="What counts as trouble">
      <div className={styles["title"]}>
        <span className={forms["label"]}>What counts as trouble</span>
        <span className={forms["hint"]}>
          One of these is enough. Durations such as 30s, 5m, 2h or 1d.
        </span>
      </div>
      {CONDITIONS.map((name) => (
        <div key={name} className={styles["condition"]}>
          <Checkbox
            className={styles["check"] ?? ""}
            label={LABELS[name]}
            checked={draft.when[name] !== null}
            onChange={(event) => edit(name, event.currentTarget.checked ? beginningOf(name) : null)}
          />
          <Amount
            label={LABELS[name]}
            typed={draft.when[name]}
            error={at(`when.${name}`)}
            onChange={(typed) => edit(name, typed)}
          />
          {name === "dead_letters_more_than" && draft.when[name] !== null && (
            <div className={styles["within"]}>
              <span className={styles["word"]}>within</span>
              <Amount
                label="Dead letters within"
                typed={draft.within}
                error={at("when.dead_letters_within_s")}
                onChange={(within) => onChange({ within })}
              />
            </div>
          )}
        </div>
      ))}
      {none && <Problem text={none} />}
    </div>
  );
}

interface AmountProps {
  label: string;
  /** null where the condition is not on. */
  typed: string | null;
  error: string | null;
  onChange: (typed: string) => void;
}

function Amount({ label, typed, error, onChange }: AmountProps) {
  if (typed === null) return null;
  return (
    <TextInput
      aria-label={label}
      classNames={{ input: styles["amount"] ?? "" }}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      value={typed}
      error={error}
      errorProps={{ role: "alert" }}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
