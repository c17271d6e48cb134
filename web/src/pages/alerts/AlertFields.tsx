import { TextInput } from "@mantine/core";
import { problemAt } from "@/components/problems";
import { Conditions } from "./Conditions";
import { Places } from "./Places";
import { WatchedField } from "./WatchedField";
import type { Draft } from "./draft";
import styles from "./AlertFields.module.css";

interface Props {
  draft: Draft;
  /** What is wrong, by the names that the API gives fields. */
  problems: Readonly<Record<string, string>>;
  /** What the server refused. */
  error: Error | null;
  onChange: (edited: Partial<Draft>) => void;
}

/** What an alert watches, what trouble is, and who is told. */
export function AlertFields({ draft, problems, error, onChange }: Props) {
  const at = (field: string) => problems[field] ?? problemAt(field, error);
  return (
    <>
      <WatchedField
        chosen={draft.destinations}
        error={at("destinations")}
        onChange={(destinations) => onChange({ destinations })}
      />
      <Conditions draft={draft} at={at} onChange={onChange} />
      <TextInput
        className={styles["short"] ?? ""}
        label="Tell again after"
        description="Hours, while trouble lasts; empty for never."
        placeholder="Never"
        inputMode="decimal"
        autoComplete="off"
        value={draft.repeat}
        error={at("repeat_every_h")}
        errorProps={{ role: "alert" }}
        onChange={(event) => onChange({ repeat: event.currentTarget.value })}
      />
      <Places places={draft.places} at={at} onChange={(places) => onChange({ places })} />
    </>
  );
}
