import { ActionIcon, Button, Select, Skeleton, Tooltip } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Question } from "@/api/calls";
import type { FieldValue } from "@/api/types";
import { Icon } from "@/components/Icon";
import { filterBy, filterOut } from "@/events/query";
import type { Row } from "@/events/rows";
import { formatCount, formatShare } from "@/format";
import { useParams } from "@/state/url";
import { useValues } from "./useSearch";
import pageStyles from "./SearchPage.module.css";
import styles from "./TopValues.module.css";

const COMMON = [
  "event",
  "type",
  "source",
  "name",
  "user_id",
  "anonymous_id",
  "browser",
  "os",
  "device",
  "campaign_source",
  "campaign_medium",
  "campaign_name",
];

interface Props {
  question: Question;
  asked: number;
  events: readonly Row[];
  isOff: boolean;
  onQuery: (query: string) => void;
}

/** The commonest values of a field among what matches; a click narrows the query. */
export function TopValues({ question, asked, events, isOff, onQuery }: Props) {
  const [params, change] = useParams();
  const [isFolded, setFolded] = useState(true);
  const field = params.get("field") ?? "event";
  const values = useValues(question, field, asked, !isOff);
  const fields = useFields(events, field);
  return (
    <section className={pageStyles["side"]} aria-label="Commonest values">
      <Button
        className={styles["fold"] ?? ""}
        variant="subtle"
        color="gray"
        aria-expanded={!isFolded}
        leftSection={<Icon name={isFolded ? "chevronRight" : "chevronDown"} size={16} />}
        onClick={() => setFolded(!isFolded)}
      >
        Commonest values
      </Button>
      <div className={`${styles["body"] ?? ""} ${isFolded ? styles["folded"] : ""}`}>
        <div className={styles["head"]}>
          <h2>Commonest values</h2>
          <Select
            aria-label="Field"
            data={fields}
            value={field}
            searchable
            allowDeselect={false}
            maxDropdownHeight={320}
            nothingFoundMessage="No such field in the events shown"
            onChange={(chosen) => change({ field: chosen === "event" ? null : chosen })}
          />
        </div>
        {values.isPending && !isOff && <Skeleton height={120} />}
        {values.isError && <p className={styles["note"]}>{values.error.message}</p>}
        {values.data && (
          <ValueList
            field={field}
            values={values.data.values}
            query={question.query}
            onQuery={onQuery}
          />
        )}
      </div>
    </section>
  );
}

/** The fixed fields, and the properties and traits of the events at hand. */
function useFields(events: readonly Row[], chosen: string) {
  return useMemo(() => {
    const found = new Set<string>();
    for (const row of events.slice(0, 300)) {
      if (row.kind !== "event") continue;
      for (const key of Object.keys(row.event.properties)) found.add(`properties.${key}`);
      for (const key of Object.keys(row.event.traits)) found.add(`traits.${key}`);
    }
    if (!COMMON.includes(chosen)) found.add(chosen);
    return [
      { group: "Fields", items: COMMON },
      { group: "In these events", items: [...found].sort() },
    ].filter(({ items }) => items.length > 0);
  }, [events, chosen]);
}

interface ValueListProps {
  field: string;
  values: FieldValue[];
  query: string;
  onQuery: (query: string) => void;
}

function ValueList({ field, values, query, onQuery }: ValueListProps) {
  if (values.length === 0) return <p className={styles["note"]}>No event has this field.</p>;
  const most = Math.max(...values.map((value) => value.events));
  const sum = values.reduce((total, value) => total + value.events, 0);
  return (
    <>
      <ul className={styles["list"]}>
        {values.map(({ value, events }) => (
          <li key={value} className={styles["item"]}>
            <div className={styles["fill"]} style={{ width: `${(events / most) * 100}%` }} />
            <button
              type="button"
              className={styles["value"]}
              title={`Only ${value || "events without it"} (${formatShare(events / sum)} of those listed)`}
              onClick={() => onQuery(filterBy(query, field, value))}
            >
              <span className={value === "" ? styles["none"] : ""}>{value || "none"}</span>
              <span className="muted">{formatCount(events)}</span>
            </button>
            <Tooltip label="Without these">
              <ActionIcon
                variant="subtle"
                color="gray"
                size={28}
                aria-label={`Without ${value || "events that lack it"}`}
                onClick={() => onQuery(filterOut(query, field, value))}
              >
                <Icon name="minus" size={15} />
              </ActionIcon>
            </Tooltip>
          </li>
        ))}
      </ul>
      <p className={styles["note"]}>A click keeps only these events, the minus leaves them out.</p>
    </>
  );
}
