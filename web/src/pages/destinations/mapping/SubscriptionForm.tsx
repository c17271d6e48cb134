import { SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import type { ActionDetails, ActionField, Json } from "@/api/types";
import { capitalised } from "@/format";
import { choiceOf, isObject, jsonIn } from "./choice";
import { ALL_KINDS, ChoiceEditor, SIMPLE_KINDS } from "./ChoiceEditor";
import { defaultWords } from "./choiceWords";
import { sentence } from "./places";
import { fieldsOf, textProblem, wholeMapping, type SubscriptionEdit } from "./subscriptions";
import { useTextCheck } from "./useMapping";
import forms from "@/components/forms.module.css";
import styles from "./SubscriptionForm.module.css";

const TYPING_MS = 300;

interface Props {
  subscription: SubscriptionEdit;
  action: ActionDetails | undefined;
  /** The event that paths are offered of. */
  event: Json;
  /** What the server refuses, by the part: `trigger`, `mapping.data`. */
  problems: Readonly<Record<string, string>>;
  onChange: (edited: Partial<SubscriptionEdit>) => void;
}

/** One subscription: which events, and what it makes of each. */
export function SubscriptionForm({ subscription, action, event, problems, onChange }: Props) {
  const { name, slug, trigger, json } = subscription;
  const toggle = (mode: string) =>
    onChange(
      mode === "json"
        ? { json: JSON.stringify(wholeMapping(subscription), null, 2) }
        : { json: null, fields: fieldsOf(mappingIn(json ?? "")) },
    );
  const isStuck = json !== null && textProblem(json) !== null;
  return (
    <>
      <div className={forms["fields"]}>
        <TextInput
          label="Name"
          description={`For people. In its books it is ${slug}.`}
          maxLength={200}
          autoComplete="off"
          value={name}
          error={said(problems["name"])}
          onChange={(typed) => onChange({ name: typed.currentTarget.value })}
        />
        <div className={styles["fact"]}>
          <span className={forms["label"]}>Action</span>
          <span>{action?.name ?? subscription.action}</span>
          <span className={forms["hint"]}>{action?.description}</span>
        </div>
      </div>
      <Trigger
        trigger={trigger}
        problem={problems["trigger"]}
        onChange={(typed) => onChange({ trigger: typed })}
      />
      <div className={styles["head"]}>
        <h3>Mapping</h3>
        <SegmentedControl
          size="xs"
          aria-label="How the mapping is written"
          data={[
            { value: "fields", label: "Fields" },
            { value: "json", label: "JSON" },
          ]}
          value={json === null ? "fields" : "json"}
          disabled={isStuck}
          onChange={toggle}
        />
      </div>
      {json === null ? (
        <div className={styles["fields"]}>
          {(action?.fields ?? []).map((field) => (
            <Field
              key={field.name}
              field={field}
              subscription={subscription}
              event={event}
              problem={problems[`mapping.${field.name}`]}
              onChange={onChange}
            />
          ))}
        </div>
      ) : (
        <JsonMapping
          text={json}
          problem={problemOfMapping(problems)}
          onChange={(text) => onChange({ json: text })}
        />
      )}
    </>
  );
}

const mappingIn = (text: string) => {
  const value = jsonIn(text);
  return isObject(value) ? value : {};
};

function problemOfMapping(problems: Props["problems"]): string | null {
  const found = Object.entries(problems).find(([part]) => part.startsWith("mapping"));
  return found === undefined ? null : `${found[0].replace(/^mapping\.?/, "")}: ${found[1]}`;
}

const said = (problem: string | undefined) => problem && sentence(problem);

interface TriggerProps {
  trigger: string;
  problem: string | undefined;
  onChange: (trigger: string) => void;
}

function Trigger({ trigger, problem, onChange }: TriggerProps) {
  const [typed] = useDebouncedValue(trigger, TYPING_MS);
  const check = useTextCheck("trigger", typed);
  const told = check.data?.problems.find(({ severity }) => severity === "error");
  const warned = check.data?.problems.find(({ severity }) => severity === "warning");
  const error = trigger.trim() === "" ? "Say which events; “all” is every event." : said(problem);
  return (
    <div className={styles["field"]}>
      <Textarea
        label="Trigger"
        description='Which events it is for, such as type = "track" and event = "Order Completed".'
        classNames={{ input: `${styles["code"]} ${styles["lines"]}` }}
        autosize
        minRows={1}
        maxRows={8}
        spellCheck={false}
        autoCapitalize="off"
        value={trigger}
        error={error ?? (told ? placed(told) : null)}
        errorProps={{ role: "alert" }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {warned && !told && <span className={styles["warning"]}>{placed(warned)}</span>}
    </div>
  );
}

interface Told {
  message: string;
  position: number | null;
  path: string;
}

const placed = ({ message, position, path }: Told): string => {
  const place = position === null ? "" : `At character ${position + 1}: `;
  return capitalised(`${place}${path === "" ? "" : `${path} `}${message}`);
};

interface FieldProps {
  field: ActionField;
  subscription: SubscriptionEdit;
  event: Json;
  problem: string | undefined;
  onChange: Props["onChange"];
}

/** A field of the action and what fills it. */
function Field({ field, subscription, event, problem, onChange }: FieldProps) {
  const { name, label, description, type, required, multiple, choices } = field;
  const choice = subscription.fields[name] ?? { kind: "default" as const };
  const isShaped = type === "json" || type === "object" || multiple || "entries" in choice;
  return (
    <div className={styles["field"]}>
      <div className={styles["label"]}>
        <span className={forms["label"]}>
          {label}
          {required && <span aria-hidden="true"> *</span>}
        </span>
        <span className={styles["type"]}>
          {typeWords(type, multiple)}
          {required && ", needed"}
        </span>
      </div>
      <span className={forms["hint"]}>{description}</span>
      <ChoiceEditor
        label={label}
        choice={choice}
        kinds={["default", ...(isShaped ? ALL_KINDS : SIMPLE_KINDS)]}
        event={event}
        byDefault={field.default === null ? "" : defaultWords(choiceOf(field.default))}
        choices={choices}
        onChange={(changed) => onChange({ fields: { ...subscription.fields, [name]: changed } })}
      />
      {problem && (
        <p className={styles["problem"]} role="alert">
          {said(problem)}
        </p>
      )}
    </div>
  );
}

const typeWords = (type: ActionField["type"], isList: boolean): string => {
  const word = type === "json" ? "any value" : type === "datetime" ? "time" : type;
  return isList ? `list of ${word}` : word;
};

interface JsonProps {
  text: string;
  problem: string | null;
  onChange: (text: string) => void;
}

/** The whole mapping as JSON, with everything that is wrong with it. */
function JsonMapping({ text, problem, onChange }: JsonProps) {
  const [typed] = useDebouncedValue(text, TYPING_MS);
  const broken = textProblem(text);
  const check = useTextCheck("mapping", textProblem(typed) === null ? typed : "");
  const problems = broken === null && typed === text ? (check.data?.problems ?? []) : [];
  const told = broken ?? (problems.length === 0 ? problem : null);
  return (
    <>
      <Textarea
        label="Mapping as JSON"
        description="By the action's fields; a field that is left out is filled by default."
        classNames={{ input: styles["code"] ?? "" }}
        autosize
        minRows={8}
        maxRows={30}
        spellCheck={false}
        value={text}
        error={told}
        errorProps={{ role: "alert" }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {problems.length > 0 && (
        <ul className={styles["problems"]} aria-label="Problems of the mapping">
          {problems.map((each, index) => (
            <li key={index}>
              {each.position !== null && <span>Line {lineOf(text, each.position)}: </span>}
              {each.path !== "" && <code className="mono">{each.path}</code>} {each.message}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** The line of a character; the server counts characters, JavaScript UTF-16 units. */
const lineOf = (text: string, position: number): number =>
  Array.from(text)
    .slice(0, position)
    .filter((each) => each === "\n").length + 1;
