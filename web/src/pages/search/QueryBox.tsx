import { TextInput } from "@mantine/core";
import { useId, useRef, useState } from "react";
import type { Problem } from "@/api/types";
import { Icon } from "@/components/Icon";
import { capitalised } from "@/format";
import { useShortcuts } from "@/state/shortcuts";
import styles from "./QueryBox.module.css";

interface Props {
  query: string;
  /** Why the server refused the query that is in the box. */
  problem: Problem | null;
  /** What to know about how the query was read. */
  notes: readonly string[];
  onAsk: (query: string) => void;
}

/** The query as text; Enter asks. What is wrong with it shows below, at its place. */
export function QueryBox({ query, problem, notes, onAsk }: Props) {
  const [typed, setTyped] = useState(query);
  const [applied, setApplied] = useState(query);
  const input = useRef<HTMLInputElement>(null);
  const problemId = useId();
  if (query !== applied) {
    setApplied(query);
    setTyped(query);
  }
  useShortcuts([
    { keys: ["/"], label: "Write a query", group: "Search", run: () => input.current?.focus() },
  ]);
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onAsk(typed.trim());
      }}
    >
      <TextInput
        ref={input}
        className={styles["input"] ?? ""}
        aria-label="Query"
        placeholder='event:"Order Completed" AND properties.revenue:>50'
        leftSection={<Icon name="search" size={16} />}
        type="search"
        autoComplete="off"
        autoCapitalize="off"
        autoCorrect="off"
        spellCheck={false}
        value={typed}
        error={problem !== null}
        aria-describedby={problem ? problemId : undefined}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") input.current?.blur();
        }}
      />
      {notes.map((note) => (
        <div key={note} className={styles["note"]} role="status">
          {capitalised(note)}
        </div>
      ))}
      {problem && (
        <div id={problemId} className={styles["problem"]} role="alert">
          <QueryProblem query={query} problem={problem} />
        </div>
      )}
    </form>
  );
}

function QueryProblem({ query, problem }: { query: string; problem: Problem }) {
  const { position, detail, hint } = problem;
  return (
    <>
      {typeof position === "number" && <Echo query={query} position={position} />}
      <div>{capitalised(detail)}</div>
      {hint && <div className={styles["hint"]}>{capitalised(hint)}</div>}
    </>
  );
}

/** The query with the offending character marked; a space stands for "after the end". */
function Echo({ query, position }: { query: string; position: number }) {
  // The server counts characters, JavaScript UTF-16 units.
  const characters = Array.from(query);
  const at = Math.min(Math.max(0, position), characters.length);
  return (
    <div className={styles["echo"]}>
      {characters.slice(0, at).join("")}
      <mark>{characters[at] ?? "\u00a0"}</mark>
      {characters.slice(at + 1).join("")}
    </div>
  );
}
