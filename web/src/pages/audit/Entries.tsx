import { Button } from "@mantine/core";
import { memo, useState } from "react";
import type { AuditEntry } from "@/api/types";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { formatDay, formatMinute, formatTime, timeTooltip } from "@/format";
import { withParams } from "@/state/url";
import { differencesOf, type Difference } from "./differences";
import { actorName, sentenceOf, wholeResource } from "./sentences";
import styles from "./Entries.module.css";

const SHOWN_AT_FIRST = 5;

/** The changes, day by day. */
export function Entries({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <div className={styles["days"]}>
      {daysOf(entries).map(({ day, changes }) => (
        <section key={day} aria-label={day}>
          <h2 className={styles["day"]}>{day}</h2>
          <ol className={styles["list"]}>
            {changes.map((entry) => (
              <Entry key={entry.id} entry={entry} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

/** Changes that follow one another on one day of the reader's. */
function daysOf(entries: readonly AuditEntry[]): { day: string; changes: AuditEntry[] }[] {
  const days: { day: string; changes: AuditEntry[] }[] = [];
  for (const entry of entries) {
    const day = formatDay(entry.at);
    const last = days.at(-1);
    if (last?.day === day) last.changes.push(entry);
    else days.push({ day, changes: [entry] });
  }
  return days;
}

/** What an update changed is in sight; what something was made with comes when asked for. */
const Entry = memo(function Entry({ entry }: { entry: AuditEntry }) {
  const [isOpen, setOpen] = useState(false);
  const all = differencesOf(entry);
  const isUpdate = entry.before !== null && entry.after !== null;
  const shown = isOpen ? all : isUpdate ? all.slice(0, SHOWN_AT_FIRST) : [];
  const hidden = all.length - shown.length;
  return (
    <li className={styles["entry"]}>
      <time dateTime={entry.at} title={timeTooltip(entry.at)}>
        {formatTime(entry.at)}
      </time>
      <Said entry={entry} />
      {(hidden > 0 || isOpen) && (
        <Button
          className={styles["toggle"] ?? ""}
          variant="subtle"
          color="gray"
          size="compact-xs"
          aria-expanded={isOpen}
          rightSection={<Icon name={isOpen ? "chevronUp" : "chevronDown"} size={13} />}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? "Less" : isUpdate ? `${hidden} more` : "Details"}
        </Button>
      )}
      {shown.length > 0 && (
        <dl className={styles["differences"]}>
          {shown.map((each) => (
            <Line key={each.field} difference={each} isUpdate={isUpdate} />
          ))}
        </dl>
      )}
    </li>
  );
});

/** The change in a sentence; who did it and what it was done with lead to more of theirs. */
function Said({ entry }: { entry: AuditEntry }) {
  const { did, name, rest } = sentenceOf(entry);
  const only = (changes: Record<string, string>) =>
    withParams("/audit", new URLSearchParams(), changes);
  return (
    <p className={styles["sentence"]}>
      <Link className={styles["actor"]} path={only({ actor: entry.actor })}>
        <bdi>{actorName(entry.actor)}</bdi>
      </Link>{" "}
      {did}
      {name !== "" && (
        <>
          {" "}
          <Link className={styles["name"]} path={only({ resource: wholeResource(entry.resource) })}>
            <bdi>{name}</bdi>
          </Link>
        </>
      )}
      {rest !== "" && ` ${rest}`}
    </p>
  );
}

function Line({ difference, isUpdate }: { difference: Difference; isUpdate: boolean }) {
  const { field, before, after } = difference;
  return (
    <div>
      <dt>{field}</dt>
      <dd>
        {isUpdate ? (
          <>
            <del>
              <span className="visually-hidden">from </span>
              <Value text={before} />
            </del>
            <span className={styles["arrow"]} aria-hidden="true">
              →
            </span>
            <ins>
              <span className="visually-hidden">to </span>
              <Value text={after} />
            </ins>
          </>
        ) : (
          <Value text={after ?? before} />
        )}
      </dd>
    </div>
  );
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

function Value({ text }: { text: string | undefined }) {
  if (text === undefined) return <span className={styles["none"]}>none</span>;
  if (INSTANT.test(text) && !Number.isNaN(Date.parse(text))) {
    return (
      <time dateTime={text} title={timeTooltip(text)}>
        {formatMinute(text)}
      </time>
    );
  }
  return <bdi>{text}</bdi>;
}
