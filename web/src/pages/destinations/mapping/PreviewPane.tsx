import { NativeSelect, Tabs, Textarea, TextInput } from "@mantine/core";
import type { PreviewedSubscription } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { JsonTree } from "@/components/JsonTree";
import { Problem } from "@/components/notices";
import { titleOf } from "@/events/rows";
import { capitalised, formatPast } from "@/format";
import { useNow } from "@/state/now";
import { previewChip, stepWords } from "./previewWords";
import { keyOf, OWN, type ChosenEvent } from "./useChosenEvent";
import forms from "@/components/forms.module.css";
import styles from "./PreviewPane.module.css";

const AGES_EVERY_MS = 15_000;

interface Props {
  chosen: ChosenEvent;
  /** What would become of it; undefined where nothing was answered. */
  preview: PreviewedSubscription | undefined;
  /** Why nothing was: something is not finished or wrong. */
  problem: string | null;
  isOld: boolean;
}

/** What a subscription would make of an event, as somebody types. */
export function PreviewPane({ chosen, preview, problem, isOld }: Props) {
  return (
    <section className={styles["pane"]} aria-label="Preview">
      <h2>Preview</h2>
      <EventPicker chosen={chosen} />
      <Tabs defaultValue="sent" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="sent">What is sent</Tabs.Tab>
          <Tabs.Tab value="event">The event</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="sent" className={styles["panel"] ?? ""}>
          {problem !== null ? (
            <p className="muted">{problem}</p>
          ) : (
            <div aria-busy={isOld} className={styles["answer"]} aria-live="polite">
              {preview && <Answer preview={preview} />}
            </div>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="event" className={styles["panel"] ?? ""}>
          {chosen.event && <JsonTree value={chosen.event} label="Event" />}
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}

function EventPicker({ chosen }: { chosen: ChosenEvent }) {
  const now = useNow(AGES_EVERY_MS);
  const { query, found, isPending, error, key, text, problem } = chosen;
  const isOwn = key === OWN;
  const events = found.map((event) => ({
    value: keyOf(event),
    label: `${titleOf(event) || event.type} · ${formatPast(event.received_at, now)}`,
  }));
  const none = { value: "", label: isPending ? "Looking…" : "None found in the last 30 days" };
  return (
    <div className={styles["picker"]}>
      {!isOwn && (
        <TextInput
          aria-label="Find events"
          placeholder="Find events: event:“Order Completed”"
          leftSection={<Icon name="search" size={15} />}
          type="search"
          autoComplete="off"
          spellCheck={false}
          value={query}
          error={error ? capitalised(error.message) : null}
          errorProps={{ role: "alert" }}
          onChange={(event) => chosen.onQuery(event.currentTarget.value)}
        />
      )}
      <NativeSelect
        aria-label="Event"
        data={[
          ...(events.length === 0 ? [none] : events),
          { value: OWN, label: "One that I write myself" },
        ]}
        value={key}
        onChange={(event) => chosen.onKey(event.currentTarget.value)}
      />
      {isOwn && (
        <Textarea
          aria-label="Event as JSON"
          autosize
          minRows={6}
          maxRows={14}
          spellCheck={false}
          classNames={{ input: `${forms["mono"]} ${styles["text"]}` }}
          value={text}
          error={problem}
          errorProps={{ role: "alert" }}
          onChange={(event) => chosen.onText(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

function Answer({ preview }: { preview: PreviewedSubscription }) {
  const { tone, label } = previewChip(preview);
  const { payload, step, reason, problems, left_out: leftOut } = preview;
  return (
    <>
      <div className={styles["outcome"]}>
        <Chip tone={tone} icon={tone === "good" ? "check" : tone === "bad" ? "warning" : "exclude"}>
          {label}
        </Chip>
        {step !== "" && <span>{stepWords(step, reason)}</span>}
      </div>
      {problems.length > 0 ? (
        <ul className={styles["problems"]}>
          {problems.map(({ field, message }, index) => (
            <li key={index}>
              <code className="mono">{field}</code> {message}
            </li>
          ))}
        </ul>
      ) : (
        step === "mapping" && <Problem text={capitalised(reason.replace(/^mapping: /, ""))} />
      )}
      {payload && <JsonTree value={payload} label="What is sent" />}
      {leftOut.length > 0 && (
        <p className={styles["leftOut"]}>
          The filters leave out{" "}
          {leftOut.map((path, index) => (
            <span key={path}>
              {index > 0 && ", "}
              <code className="mono">{path}</code>
            </span>
          ))}
          .
        </p>
      )}
    </>
  );
}
