import { TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useShortcuts } from "@/state/shortcuts";
import { Icon, type IconName } from "./Icon";
import styles from "./TextFilter.module.css";

const TYPING_MS = 350;

interface Props {
  /** What it is looked for in, for screen readers. */
  label: string;
  placeholder: string;
  /** The heading of its shortcut in the help; without one it has none. */
  group?: string;
  icon?: IconName;
  lengthMax?: number;
  text: string;
  onChange: (text: string) => void;
}

/** A part of a text to look for; it takes effect when the typing stops. */
export function TextFilter(props: Props) {
  const { label, placeholder, group, icon = "search", lengthMax = 100, text, onChange } = props;
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
  const focus = () => input.current?.focus();
  useShortcuts(group ? [{ keys: ["/"], label: "Filter by text", group, run: focus }] : []);
  return (
    <TextInput
      ref={input}
      className={styles["filter"] ?? ""}
      aria-label={label}
      placeholder={placeholder}
      leftSection={<Icon name={icon} size={16} />}
      type="search"
      maxLength={lengthMax}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") input.current?.blur();
      }}
    />
  );
}
