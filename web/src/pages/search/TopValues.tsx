import { ActionIcon, Button, Select, Skeleton, Tooltip } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Question } from "@/api/calls";
import type { ValuesAnswer } from "@/api/types";
import { Icon } from "@/components/Icon";
import { filterBy, filterOut } from "@/events/query";
import { capitalised, formatCount, formatEvents, formatShare } from "@/format";
import { useParams } from "@/state/url";
import { useFields, useValues } from "./useSearch";
import pageStyles from "./SearchPage.module.css";
import styles from "./TopValues.module.css";

const COMMON = [
  "event",
  "type",
  "source",
  "user_id",
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
  isOff: boolean;
  onQuery: (query: string) => void;
}

/** The commonest values of a field among what matches; a click narrows the query. */
export function TopValues({ question, asked, isOff, onQuery }: Props) {
  const [params, change] = useParams();
  const [isFolded, setFolded] = useState(true);
  const field = params.get("field") ?? "event";
  const values = useValues(question, field, asked, !isOff);
  const fields = useFieldChoice(field);
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
            comboboxProps={{ shadow: "lg" }}
            nothingFoundMessage="No such field in the newest events"
            onChange={(chosen) => change({ field: chosen === "event" ? null : chosen })}
          />
        </div>
        {values.isPending && !isOff && <Skeleton height={120} />}
        {values.isError && !isOff && (
          <p className={styles["note"]}>{capitalised(values.error.message)}</p>
        )}
        {values.data && !isOff && (
          <ValueList field={field} answer={values.data} query={question.query} onQuery={onQuery} />
        )}
      </div>
    </section>
  );
}

/** The usual fields first, then what the newest events have. */
function useFieldChoice(chosen: string) {
  const fields = useFields();
  return useMemo(() => {
    const found = (fields.data?.fields ?? []).map((field) => field.name);
    if (!found.includes(chosen)) found.push(chosen);
    const others = found.filter((name) => !COMMON.includes(name)).sort();
    return [
      { group: "Usual", items: COMMON },
      { group: "In the newest events", items: others },
    ].filter(({ items }) => items.length > 0);
  }, [fields.data, chosen]);
}

interface ValueListProps {
  field: string;
  answer: ValuesAnswer;
  query: string;
  onQuery: (query: string) => void;
}

function ValueList({ field, answer, query, onQuery }: ValueListProps) {
  const { values, other, missing } = answer;
  if (values.length === 0) {
    const note = missing > 0 ? "None of these events has this field." : "Nothing to count.";
    return <p className={styles["note"]}>{note}</p>;
  }
  const shown = missing > 0 ? [...values, { value: "", events: missing }] : values;
  const most = Math.max(...shown.map((value) => value.events));
  const all = shown.reduce((sum, value) => sum + value.events, other);
  return (
    <>
      <ul className={styles["list"]}>
        {shown.map(({ value, events }) => (
          <li key={value} className={styles["item"]}>
            <div className={styles["fill"]} style={{ width: `${(events / most) * 100}%` }} />
            <button
              type="button"
              className={styles["value"]}
              title={`${formatShare(events / all)}. Keep only ${value || "events without it"}`}
              onClick={() => onQuery(filterBy(query, field, value))}
            >
              <bdi className={value === "" ? styles["none"] : ""}>{value || "none"}</bdi>
              <span className="muted">{formatCount(events)}</span>
            </button>
            <Tooltip label="Leave these out">
              <ActionIcon
                variant="subtle"
                color="gray"
                size={28}
                aria-label={`Leave out ${value || "events without it"}`}
                onClick={() => onQuery(filterOut(query, field, value))}
              >
                <Icon name="exclude" size={15} />
              </ActionIcon>
            </Tooltip>
          </li>
        ))}
      </ul>
      {other > 0 && (
        <p className={styles["note"]}>
          {other === 1 ? "1 event has another value." : `${formatEvents(other)} have other values.`}
        </p>
      )}
      <p className={styles["note"]}>
        A click keeps only these events; the crossed circle leaves them out.
      </p>
    </>
  );
}
