import { NativeSelect, Switch, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconAction } from "@/components/IconAction";
import { capitalised } from "@/format";
import {
  filterProblems,
  type ActionEdit,
  type ActionKind,
  type FilterEdit,
  type FilterLanguage,
} from "./filters";
import { sentence, type WrongPlace } from "./places";
import { useTextCheck } from "./useMapping";
import styles from "./FilterList.module.css";

const TYPING_MS = 300;

const ACTIONS: Record<ActionKind, string> = {
  DROP: "Send none of these events",
  ONLY: "Send only these events",
  SAMPLE: "Send a share of these events",
  DROP_PROPERTIES: "Leave out properties",
  ALLOW_PROPERTIES: "Keep only some properties",
};

const LANGUAGES: Record<FilterLanguage, string> = {
  fql: "Filter language",
  lucene: "Search language",
};

interface Props {
  number: number;
  filter: FilterEdit;
  wrong: WrongPlace | null;
  onChange: (edited: Partial<FilterEdit>) => void;
  onRemove: () => void;
}

/** One filter: which events, and what is done with them. */
export function FilterForm({ number, filter, wrong, onChange, onRemove }: Props) {
  const { title, isEnabled, language, condition, actions } = filter;
  const name = title || `Filter ${number}`;
  const [typed] = useDebouncedValue(condition, TYPING_MS);
  const check = useTextCheck(language === "fql" ? "filter" : "lucene", typed);
  const found = (check.data?.problems ?? []).filter(() => condition.trim() !== "");
  const error = found.find(({ severity }) => severity === "error");
  const warning = found.find(({ severity }) => severity === "warning");
  const missing = filterProblems(filter);
  const isOnly = actions[0]?.kind === "ONLY";
  return (
    <li className={styles["filter"]} aria-label={name}>
      <div className={styles["head"]}>
        <TextInput
          className={styles["title"] ?? ""}
          aria-label={`Filter ${number}: title`}
          placeholder={`Filter ${number}`}
          maxLength={200}
          autoComplete="off"
          value={title}
          onChange={(event) => onChange({ title: event.currentTarget.value })}
        />
        <Switch
          aria-label={`${name}: enabled`}
          checked={isEnabled}
          onChange={(event) => onChange({ isEnabled: event.currentTarget.checked })}
        />
        <IconAction icon="clear" label={`Remove ${name}`} onClick={onRemove} />
      </div>
      {actions.map((action, index) => (
        <Action
          key={index}
          name={name}
          action={action}
          problem={missing[`actions[${index}]`] ?? problemIn(wrong, "actions", index)}
          kinds={kindsFor(actions.length)}
          onChange={(edited) =>
            onChange({
              actions: actions.map((each, at) => (at === index ? { ...each, ...edited } : each)),
            })
          }
        />
      ))}
      <div className={styles["condition"]}>
        <Textarea
          label="Where"
          classNames={{ input: `${styles["code"]} ${styles["lines"]}` }}
          autoFocus={condition === ""}
          placeholder={
            language === "fql" ? "contains(traits.email, '@example.com')" : "properties.total:<10"
          }
          autosize
          minRows={1}
          maxRows={8}
          maxLength={5000}
          spellCheck={false}
          autoCapitalize="off"
          value={condition}
          error={
            error ? placed(error) : isOnly && wrong?.rest === "if" ? sentence(wrong.message) : null
          }
          errorProps={{ role: "alert" }}
          onChange={(event) => onChange({ condition: event.currentTarget.value })}
        />
        <NativeSelect
          label="Written in"
          data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          value={language}
          onChange={(event) => onChange({ language: event.currentTarget.value as FilterLanguage })}
        />
      </div>
      {missing["if"] && <span className={styles["hint"]}>{missing["if"]}</span>}
      {warning && !error && <span className={styles["warning"]}>{placed(warning)}</span>}
    </li>
  );
}

/** "Send only these" stands alone, as it turns the condition around. */
const kindsFor = (count: number): ActionKind[] =>
  (Object.keys(ACTIONS) as ActionKind[]).filter((kind) => count === 1 || kind !== "ONLY");

const problemIn = (wrong: WrongPlace | null, part: string, index: number): string | undefined =>
  wrong?.rest.startsWith(`${part}[${index}]`) || wrong?.rest === part
    ? sentence(wrong.message)
    : undefined;

interface Told {
  message: string;
  hint: string;
  position: number | null;
}

const placed = ({ message, hint, position }: Told): string =>
  capitalised(`${position === null ? "" : `At character ${position + 1}: `}${message}`) +
  (hint === "" ? "" : ` (${hint})`);

interface ActionProps {
  name: string;
  action: ActionEdit;
  problem: string | undefined;
  kinds: readonly ActionKind[];
  onChange: (edited: Partial<ActionEdit>) => void;
}

function Action({ name, action, problem, kinds, onChange }: ActionProps) {
  const { kind, percent, path, properties } = action;
  return (
    <div className={styles["action"]}>
      <NativeSelect
        aria-label={`${name}: what it does`}
        data={kinds.map((each) => ({ value: each, label: ACTIONS[each] }))}
        value={kind}
        onChange={(event) => onChange({ kind: event.currentTarget.value as ActionKind })}
      />
      {kind === "SAMPLE" && (
        <>
          <TextInput
            aria-label={`${name}: share in percent`}
            rightSection="%"
            inputMode="decimal"
            autoComplete="off"
            value={percent}
            error={problem}
            onChange={(event) => onChange({ percent: event.currentTarget.value })}
          />
          <SampledBy name={name} path={path} onChange={(to) => onChange({ path: to })} />
        </>
      )}
      {kind.endsWith("PROPERTIES") && (
        <TextInput
          className={styles["properties"] ?? ""}
          aria-label={`${name}: properties`}
          classNames={{ input: styles["code"] ?? "" }}
          placeholder="context.ip, traits.email"
          autoComplete="off"
          spellCheck={false}
          value={properties}
          error={problem}
          onChange={(event) => onChange({ properties: event.currentTarget.value })}
        />
      )}
    </div>
  );
}

interface PathProps {
  name: string;
  path: string;
  onChange: (path: string) => void;
}

/** By chance, or always the same values of a field, such as those of the same people. */
function SampledBy({ name, path, onChange }: PathProps) {
  return (
    <TextInput
      className={styles["by"] ?? ""}
      aria-label={`${name}: sampled by`}
      classNames={{ input: styles["code"] ?? "" }}
      leftSection={<span className={styles["hint"]}>by</span>}
      placeholder="chance; or a field: userId"
      autoComplete="off"
      spellCheck={false}
      maxLength={500}
      value={path}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
