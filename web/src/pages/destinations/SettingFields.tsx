import { Button, Checkbox, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { Chip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { Problem } from "@/components/notices";
import { rangeWords, type Draft, type Pair, type SecretDraft, type Typed } from "./draft";
import { withLabels, type SettingField } from "./fields";
import forms from "@/components/forms.module.css";
import styles from "./SettingFields.module.css";

interface Props {
  fields: readonly SettingField[];
  draft: Draft;
  /** What is wrong, by the names of the settings. */
  problems: Readonly<Record<string, string>>;
  /** The secrets that are set; null for a new destination. */
  secretsSet: ReadonlySet<string> | null;
  onChange: (name: string, typed: Typed) => void;
}

/** A form of the settings of a type, made from its JSON Schema. */
export function SettingFields({ fields, draft, problems, secretsSet, onChange }: Props) {
  return (
    <>
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          about={withLabels(field.about, fields)}
          typed={draft[field.name] ?? ""}
          problem={problems[field.name] ?? null}
          isSet={secretsSet === null ? null : secretsSet.has(field.name)}
          onChange={(typed) => onChange(field.name, typed)}
        />
      ))}
    </>
  );
}

interface FieldProps {
  field: SettingField;
  about: string;
  typed: Typed;
  problem: string | null;
  isSet: boolean | null;
  onChange: (typed: Typed) => void;
}

function Field({ field, about, typed, problem, isSet, onChange }: FieldProps) {
  const shared = {
    label: field.label,
    description: about,
    error: problem,
    errorProps: { role: "alert" },
    withAsterisk: field.isRequired,
    "aria-required": field.isRequired,
  };
  if (Array.isArray(typed)) {
    return (
      <Pairs field={field} about={about} pairs={typed} problem={problem} onChange={onChange} />
    );
  }
  if (field.shape === "secret" && typeof typed !== "boolean") {
    const secret = typed as SecretDraft;
    return isSet === null ? (
      <NewSecret shared={shared} secret={secret} onChange={onChange} />
    ) : (
      <KeptSecret {...{ field, about, secret, problem, isSet, shared, onChange }} />
    );
  }
  if (typeof typed === "boolean") {
    return (
      <Checkbox
        label={field.label}
        description={about}
        error={problem}
        checked={typed}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  }
  const text = typed as string;
  if (field.shape === "choice") {
    const none = field.fallback === null ? [{ value: "", label: "None" }] : [];
    return (
      <NativeSelect
        {...shared}
        data={[...none, ...field.choices]}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  const range = field.shape === "number" ? rangeWords(field) : "";
  const byDefault = field.fallback === null || field.fallback === "" ? "" : String(field.fallback);
  return (
    <TextInput
      {...shared}
      {...(field.isUrl ? { className: forms["wide"] ?? "" } : {})}
      description={range === "" ? about : `${about} A number${range}.`}
      placeholder={byDefault}
      inputMode={field.shape === "number" ? "decimal" : field.isUrl ? "url" : "text"}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface Shared {
  label: string;
  description: string;
  error: string | null;
  withAsterisk: boolean;
}

interface SecretProps {
  shared: Shared;
  secret: SecretDraft;
  onChange: (secret: SecretDraft) => void;
}

function NewSecret({ shared, secret, onChange }: SecretProps) {
  return (
    <PasswordInput
      {...shared}
      autoComplete="new-password"
      value={typeof secret === "object" ? secret.text : ""}
      onChange={(event) => onChange({ text: event.currentTarget.value })}
      visibilityToggleButtonProps={{
        "aria-label": `Show or hide: ${shared.label}`,
        tabIndex: 0,
      }}
    />
  );
}

interface KeptSecretProps extends SecretProps {
  field: SettingField;
  about: string;
  problem: string | null;
  isSet: boolean;
}

/** A secret of a destination that is there: can be set, replaced and removed; nobody can read it. */
function KeptSecret(props: KeptSecretProps) {
  const { field, about, secret, problem, isSet, shared, onChange } = props;
  // Who leaves the field goes on where it was opened.
  const [wasOpen, setWasOpen] = useState(false);
  if (typeof secret === "object" && !wasOpen) setWasOpen(true);
  const title = field.label.toLowerCase();
  if (typeof secret === "object") {
    return (
      <div className={forms["secret"]}>
        <PasswordInput
          {...shared}
          label={`New ${title}`}
          autoComplete="new-password"
          autoFocus
          value={secret.text}
          onChange={(event) => onChange({ text: event.currentTarget.value })}
          visibilityToggleButtonProps={{
            "aria-label": `Show or hide: ${shared.label}`,
            tabIndex: 0,
          }}
        />
        <div className={forms["secretLine"]}>
          <Button variant="subtle" size="xs" onClick={() => onChange("keep")}>
            {isSet ? "Keep the one that is set" : "Set none"}
          </Button>
        </div>
      </div>
    );
  }
  const isRemoved = secret === "remove";
  return (
    <div className={forms["secret"]} role="group" aria-label={field.label}>
      <span className={forms["label"]}>{field.label}</span>
      <span className={forms["hint"]}>{about} It cannot be read again.</span>
      <div className={forms["secretLine"]}>
        <Chip tone={isRemoved ? "warn" : isSet ? "good" : "plain"}>
          {isRemoved ? "Will be removed" : isSet ? "Set" : "Not set"}
        </Chip>
        {isRemoved ? (
          <Button variant="subtle" size="xs" onClick={() => onChange("keep")}>
            Keep it
          </Button>
        ) : (
          <Button
            variant="default"
            size="xs"
            autoFocus={wasOpen}
            aria-label={isSet ? `Replace: ${field.label}` : `Set: ${field.label}`}
            onClick={() => onChange({ text: "" })}
          >
            {isSet ? "Replace" : "Set"}
          </Button>
        )}
        {isSet && !isRemoved && !field.isRequired && (
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            aria-label={`Remove: ${field.label}`}
            onClick={() => onChange("remove")}
          >
            Remove
          </Button>
        )}
      </div>
      {problem && <Problem text={problem} />}
    </div>
  );
}

interface PairsProps {
  field: SettingField;
  about: string;
  pairs: readonly Pair[];
  problem: string | null;
  onChange: (pairs: Pair[]) => void;
}

/** Names with their values, such as headers: one line each. */
function Pairs({ field, about, pairs, problem, onChange }: PairsProps) {
  const edit = (index: number, edited: Partial<Pair>) =>
    onChange(pairs.map((pair, at) => (at === index ? { ...pair, ...edited } : pair)));
  return (
    <div className={`${forms["secret"]} ${forms["wide"]}`} role="group" aria-label={field.label}>
      <span className={forms["label"]}>{field.label}</span>
      <span className={forms["hint"]}>{about}</span>
      {pairs.map((pair, index) => (
        <div key={index} className={styles["pair"]}>
          <TextInput
            aria-label={`${field.label}: name ${index + 1}`}
            placeholder="Name"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            autoFocus={pair.name === "" && pair.value === ""}
            value={pair.name}
            onChange={(event) => edit(index, { name: event.currentTarget.value })}
          />
          <TextInput
            aria-label={`${field.label}: value ${index + 1}`}
            placeholder="Value"
            autoComplete="off"
            spellCheck={false}
            value={pair.value}
            onChange={(event) => edit(index, { value: event.currentTarget.value })}
          />
          <IconAction
            icon="close"
            label={`Remove ${pair.name || `line ${index + 1}`}`}
            onClick={() => onChange(pairs.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <div>
        <Button
          variant="default"
          size="xs"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => onChange([...pairs, { name: "", value: "" }])}
        >
          Add one
        </Button>
      </div>
      {problem && <Problem text={problem} />}
    </div>
  );
}
