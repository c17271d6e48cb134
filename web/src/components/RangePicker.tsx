import { Button, Popover, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { formatMinutes } from "@/format";
import { DEFAULT_RANGE, durationSeconds, PRESETS, type Range } from "@/state/range";
import { Icon } from "./Icon";
import styles from "./RangePicker.module.css";

const ALL_TIME = "All time";

interface Props {
  /** null for all time, where that can be chosen. */
  range: Range | null;
  onChange: (range: Range) => void;
  /** Lets all time be chosen too. */
  onAllTime?: () => void;
}

/** Chooses a time range: a duration before now, or two instants in local time. */
export function RangePicker({ range, onChange, onAllTime }: Props) {
  const [isOpen, setOpen] = useState(false);
  const choose = (chosen: Range) => {
    onChange(chosen);
    setOpen(false);
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" shadow="lg" trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<Icon name="calendar" size={16} />}
          rightSection={<Icon name="chevronDown" size={14} />}
          onClick={() => setOpen(!isOpen)}
        >
          {range ? labelOf(range) : ALL_TIME}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Time range">
        <div className={styles["dropdown"]}>
          <div className={styles["presets"]}>
            {onAllTime && (
              <Preset
                label={ALL_TIME}
                isChosen={range === null}
                onChoose={() => {
                  onAllTime();
                  setOpen(false);
                }}
              />
            )}
            {PRESETS.map(({ since, label }) => (
              <Preset
                key={since}
                label={label}
                isChosen={range?.kind === "relative" && range.since === since}
                onChoose={() => choose({ kind: "relative", since })}
              />
            ))}
          </div>
          <AbsoluteForm range={range ?? DEFAULT_RANGE} onChange={choose} />
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

interface PresetProps {
  label: string;
  isChosen: boolean;
  onChoose: () => void;
}

function Preset({ label, isChosen, onChoose }: PresetProps) {
  return (
    <Button
      variant={isChosen ? "light" : "subtle"}
      color={isChosen ? "petrol" : "gray"}
      justify="flex-start"
      size="sm"
      aria-pressed={isChosen}
      onClick={onChoose}
    >
      {label}
    </Button>
  );
}

interface AbsoluteProps {
  range: Range;
  onChange: (range: Range) => void;
}

function AbsoluteForm({ range, onChange }: AbsoluteProps) {
  const [from, setFrom] = useState(() => toLocal(startOf(range)));
  const [until, setUntil] = useState(() =>
    toLocal(range.kind === "absolute" ? new Date(range.until) : new Date()),
  );
  const [error, setError] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const start = new Date(from);
    const end = new Date(until);
    if (!(start < end)) {
      setError("The end must be after the start.");
      return;
    }
    onChange({ kind: "absolute", from: start.toISOString(), until: end.toISOString() });
  };
  return (
    <form className={styles["absolute"]} onSubmit={submit}>
      <TextInput
        label="From"
        type="datetime-local"
        step={1}
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        label="Until"
        type="datetime-local"
        step={1}
        value={until}
        error={error}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      <span className={styles["zone"]}>
        Time zone: {Intl.DateTimeFormat().resolvedOptions().timeZone}
      </span>
      <Button type="submit">Apply</Button>
    </form>
  );
}

const startOf = (range: Range): Date =>
  range.kind === "absolute"
    ? new Date(range.from)
    : new Date(Date.now() - durationSeconds(range.since) * 1000);

/** `2026-11-21T09:30:00` in local time, as datetime-local inputs have it. */
function toLocal(at: Date): string {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

function labelOf(range: Range): string {
  if (range.kind === "absolute") return formatMinutes(range.from, range.until);
  const preset = PRESETS.find(({ since }) => since === range.since);
  return preset?.label ?? `Last ${range.since}`;
}
