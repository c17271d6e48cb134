import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useId } from "react";
import type { Json } from "@/api/types";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import { choiceProblem, newEntry, turnedInto, type Choice, type Entry, type Kind } from "./choice";
import { FirstOf, Fixed } from "./ChoiceValues";
import { itemAt } from "./events";
import { PathInput } from "./PathInput";
import styles from "./Choice.module.css";

const KINDS: Record<Kind, string> = {
  default: "As by default",
  path: "Event field",
  fixed: "Fixed value",
  template: "Text with fields",
  first: "First of several",
  object: "Object",
  each: "List of objects",
  json: "JSON",
};

/** What may fill a value that is no object. */
export const SIMPLE_KINDS: readonly Kind[] = ["path", "fixed", "template", "first", "json"];
export const ALL_KINDS: readonly Kind[] = [
  "path",
  "fixed",
  "template",
  "first",
  "object",
  "each",
  "json",
];

interface Props {
  /** What is filled, as people call it. */
  label: string;
  choice: Choice;
  kinds: readonly Kind[];
  /** The event, or the item of a list, that paths are of. */
  event: Json;
  /** What fills it where nothing is chosen. */
  byDefault?: string;
  /** The only texts that it may be; empty for any. */
  choices?: readonly string[];
  onChange: (choice: Choice) => void;
}

/** What fills one value: the kind, then what it takes. */
export function ChoiceEditor(props: Props) {
  const { label, choice, kinds, event, byDefault = "", choices = [], onChange } = props;
  const problem = choiceProblem(choice);
  const problemId = useId();
  const isUntouched = problem !== null && isEmpty(choice);
  return (
    <div
      className={styles["choice"]}
      data-block={BLOCKS.has(choice.kind) || undefined}
      role="group"
      aria-label={label}
      aria-describedby={problem !== null ? problemId : undefined}
    >
      <NativeSelect
        aria-label={`${label}: filled with`}
        data={kinds.map((kind) => ({
          value: kind,
          label: kind === "default" && byDefault === "" ? "Nothing" : KINDS[kind],
        }))}
        value={choice.kind}
        onChange={(changed) => onChange(turnedInto(changed.currentTarget.value as Kind, choice))}
      />
      <div className={styles["value"]}>
        <Value {...{ label, choice, event, byDefault, choices, onChange }} />
        {problem !== null && (
          <span id={problemId} className={isUntouched ? styles["hint"] : styles["problem"]}>
            {problem}
          </span>
        )}
      </div>
    </div>
  );
}

/** Those that take the whole width below their kind. */
const BLOCKS: ReadonlySet<Kind> = new Set(["first", "object", "each", "json"]);

const isEmpty = (choice: Choice): boolean =>
  (choice.kind === "path" && choice.path === "") ||
  (choice.kind === "template" && choice.text === "") ||
  choice.kind === "first";

type ValueProps = Required<Omit<Props, "kinds">>;

function Value({ label, choice, event, byDefault, choices, onChange }: ValueProps) {
  switch (choice.kind) {
    case "default":
      return <span className={styles["default"]}>{byDefault}</span>;
    case "path":
      return (
        <PathInput
          label={`${label}: field`}
          path={choice.path}
          event={event}
          onChange={(path) => onChange({ ...choice, path })}
        />
      );
    case "fixed":
      return <Fixed {...{ label, choice, choices, onChange }} />;
    case "template":
      return (
        <TextInput
          aria-label={`${label}: text`}
          classNames={{ input: styles["code"] ?? "" }}
          placeholder="{{userId}} paid {{properties.total}}"
          autoComplete="off"
          spellCheck={false}
          value={choice.text}
          onChange={(typed) => onChange({ ...choice, text: typed.currentTarget.value })}
        />
      );
    case "first":
      return <FirstOf {...{ label, choice, event, onChange }} />;
    case "object":
      return (
        <Entries
          {...{ label, event }}
          entries={choice.entries}
          onChange={(entries) => onChange({ ...choice, entries })}
        />
      );
    case "each":
      return (
        <>
          <PathInput
            label={`${label}: list`}
            path={choice.path}
            event={event}
            isList
            onChange={(path) => onChange({ ...choice, path })}
          />
          <span className={styles["hint"]}>Each item of it becomes an object of:</span>
          <Entries
            label={label}
            event={itemAt(event, choice.path)}
            entries={choice.entries}
            onChange={(entries) => onChange({ ...choice, entries })}
          />
        </>
      );
    case "json":
      return (
        <Textarea
          aria-label={`${label}: JSON`}
          classNames={{ input: styles["code"] ?? "" }}
          autosize
          minRows={3}
          maxRows={16}
          spellCheck={false}
          value={choice.text}
          onChange={(typed) => onChange({ ...choice, text: typed.currentTarget.value })}
        />
      );
  }
}

interface EntriesProps {
  label: string;
  entries: readonly Entry[];
  event: Json;
  onChange: (entries: Entry[]) => void;
}

/** The keys of an object, each with what is put there. */
function Entries({ label, entries, event, onChange }: EntriesProps) {
  const edit = (index: number, edited: Partial<Entry>) =>
    onChange(entries.map((entry, at) => (at === index ? { ...entry, ...edited } : entry)));
  return (
    <div className={styles["entries"]}>
      {entries.map(({ key, value }, index) => (
        <div key={index} className={styles["entry"]}>
          <TextInput
            aria-label={`${label}: name ${index + 1}`}
            classNames={{ input: styles["code"] ?? "" }}
            placeholder="name"
            maxLength={500}
            autoFocus={key === ""}
            autoComplete="off"
            spellCheck={false}
            value={key}
            onChange={(typed) => edit(index, { key: typed.currentTarget.value })}
          />
          <ChoiceEditor
            label={key || `Value ${index + 1}`}
            choice={value}
            kinds={ALL_KINDS}
            event={event}
            onChange={(changed) => edit(index, { value: changed })}
          />
          <IconAction
            icon="close"
            label={`Remove ${key || `line ${index + 1}`}`}
            onClick={() => onChange(entries.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <div>
        <Button
          variant="default"
          size="xs"
          aria-label={`Add one to ${label}`}
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => onChange([...entries, newEntry()])}
        >
          Add one
        </Button>
      </div>
    </div>
  );
}
