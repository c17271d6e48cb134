import { useState } from "react";
import type { Json } from "@/api/types";
import { formatCount } from "@/format";
import { Icon } from "./Icon";
import styles from "./JsonTree.module.css";

const ENTRIES_SHOWN = 200;
const DEPTH_OPEN = 2;
/** A longer text is cut here, until the reader asks for the rest. */
const CHARACTERS_SHOWN = 500;

interface Props {
  value: { [key: string]: Json };
  label: string;
}

/** JSON to read: coloured, with objects and arrays that fold. */
export function JsonTree({ value, label }: Props) {
  return (
    <ul className={styles["tree"]} aria-label={label}>
      {Object.entries(value).map(([key, child]) => (
        <Node key={key} name={key} value={child} depth={1} />
      ))}
    </ul>
  );
}

interface NodeProps {
  name: string;
  value: Json;
  depth: number;
}

function Node({ name, value, depth }: NodeProps) {
  if (value === null || typeof value !== "object" || Object.keys(value).length === 0) {
    return (
      <li className={styles["leaf"]}>
        <bdi className={styles["key"]}>{name}</bdi>: <Scalar value={value} />
      </li>
    );
  }
  return <Branch name={name} value={value} depth={depth} />;
}

function Branch({ name, value, depth }: NodeProps & { value: Json[] | { [key: string]: Json } }) {
  const entries = Object.entries(value);
  const [isOpen, setOpen] = useState(depth <= DEPTH_OPEN && entries.length <= 40);
  const [shown, setShown] = useState(ENTRIES_SHOWN);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <li>
      <button
        type="button"
        className={styles["toggle"]}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span className={styles["arrow"]}>
          <Icon name={isOpen ? "chevronDown" : "chevronRight"} size={14} />
        </span>
        <bdi className={styles["key"]}>{name}</bdi> <span className={styles["count"]}>{size}</span>
      </button>
      {isOpen && (
        <ul>
          {entries.slice(0, shown).map(([key, child]) => (
            <Node key={key} name={key} value={child} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <li className={styles["leaf"]}>
              <button
                type="button"
                className={styles["toggle"]}
                onClick={() => setShown(shown + ENTRIES_SHOWN)}
              >
                {entries.length - shown} more…
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

function Scalar({ value }: { value: Json }) {
  if (typeof value === "string") return <Text value={value} />;
  if (typeof value === "number") return <Numeral value={value} />;
  return <span className={styles["other"]}>{JSON.stringify(value)}</span>;
}

/** A whole number beyond 2^53 has lost digits on its way through the browser: it says so. */
function Numeral({ value }: { value: number }) {
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) {
    return <span className={styles["number"]}>{value}</span>;
  }
  return (
    <span className={styles["number"]} title="Rounded by the browser; “As sent” has every digit">
      ≈ {value}
    </span>
  );
}

function Text({ value }: { value: string }) {
  const [isWhole, setWhole] = useState(value.length <= CHARACTERS_SHOWN);
  if (isWhole) return <bdi className={styles["string"]}>{JSON.stringify(value)}</bdi>;
  return (
    <>
      <bdi className={styles["string"]}>
        {JSON.stringify(value.slice(0, CHARACTERS_SHOWN)).slice(0, -1)}…
      </bdi>{" "}
      <button
        type="button"
        className={`${styles["toggle"]} ${styles["rest"]}`}
        onClick={() => setWhole(true)}
      >
        Show all {formatCount(value.length)} characters
      </button>
    </>
  );
}
