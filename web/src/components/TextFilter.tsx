import { TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useShortcuts } from "@/state/shortcuts";
import { Icon } from "./Icon";
import styles from "./TextFilter.module.css";

const TYPING_MS = 350;

interface Props {
  /** What it is looked for in, for screen readers. */
  label: string;
  placeholder: string;
  /** The heading of its shortcut in the help. */
  group: string;
  text: string;
  onChange: (text: string) => void;
}

/** A part of a text to look for; it takes effect when the typing stops. */
export function TextFilter({ label, placeholder, group, text, onChange }: Props) {
  const [typed, setTyped] = useState(text);
  const [applied, setApplied] = useState(text);
  const input = useRef<HTMLInputElement>(null);
  if (text !== applied) {
    // Changed from outside: by Back, or by removing the filter.
    setApplied(text);
    setTyped(text);
  }
  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => {
      setApplied(typed);
      onChange(typed);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, text, onChange]);
  useShortcuts([
    { keys: ["/"], label: "Filter by text", group, run: () => input.current?.focus() },
  ]);
  return (
    <TextInput
      ref={input}
      className={styles["filter"] ?? ""}
      aria-label={label}
      placeholder={placeholder}
      leftSection={<Icon name="search" size={16} />}
      type="search"
      maxLength={100}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") input.current?.blur();
      }}
    />
  );
}
