import { Button, NativeSelect, TextInput } from "@mantine/core";
import type { Json } from "@/api/types";
import { Icon } from "@/components/Icon";
import { IconAction } from "@/components/IconAction";
import type { Choice, Kind } from "./choice";
import { PathInput } from "./PathInput";
import styles from "./Choice.module.css";

type Of<K extends Kind> = Extract<Choice, { kind: K }>;

interface FixedProps {
  label: string;
  choice: Of<"fixed">;
  choices: readonly string[];
  onChange: (choice: Choice) => void;
}

/** The same for every event; one of the choices where there are some. */
export function Fixed({ label, choice, choices, onChange }: FixedProps) {
  const shared = { "aria-label": `${label}: value`, value: choice.text };
  if (choices.length > 0) {
    return (
      <NativeSelect
        {...shared}
        data={["", ...choices]}
        onChange={(typed) => onChange({ ...choice, text: typed.currentTarget.value })}
      />
    );
  }
  return (
    <TextInput
      {...shared}
      classNames={{ input: styles["code"] ?? "" }}
      placeholder='text, 30, true or "30"'
      autoComplete="off"
      spellCheck={false}
      onChange={(typed) => onChange({ ...choice, text: typed.currentTarget.value })}
    />
  );
}

interface FirstProps {
  label: string;
  choice: Of<"first">;
  event: Json;
  onChange: (choice: Choice) => void;
}

/** Paths in the order in which they are asked, then what is taken where none has a value. */
export function FirstOf({ label, choice, event, onChange }: FirstProps) {
  const { paths } = choice;
  return (
    <div className={styles["lines"]}>
      {paths.map((path, index) => (
        <div key={index} className={styles["line"]}>
          <PathInput
            label={`${label}: field ${index + 1}`}
            path={path}
            event={event}
            onChange={(typed) =>
              onChange({ ...choice, paths: paths.map((each, at) => (at === index ? typed : each)) })
            }
          />
          {paths.length > 1 && (
            <IconAction
              icon="close"
              label={`Remove field ${index + 1} of ${label}`}
              onClick={() => onChange({ ...choice, paths: paths.filter((_, at) => at !== index) })}
            />
          )}
        </div>
      ))}
      <div className={styles["line"]}>
        <TextInput
          aria-label={`${label}: else`}
          leftSection={<span className={styles["else"]}>else</span>}
          leftSectionWidth={44}
          classNames={{ input: styles["code"] ?? "" }}
          placeholder="nothing"
          autoComplete="off"
          spellCheck={false}
          value={choice.fallback}
          onChange={(typed) => onChange({ ...choice, fallback: typed.currentTarget.value })}
        />
        <Button
          variant="default"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => onChange({ ...choice, paths: [...paths, ""] })}
        >
          Field
        </Button>
      </div>
    </div>
  );
}
