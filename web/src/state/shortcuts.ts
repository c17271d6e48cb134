import { useEffect, useRef, useSyncExternalStore } from "react";

/**
 * Keyboard shortcuts, each registered by the component that acts on it; the help lists them all.
 *
 * Keys are `KeyboardEvent.key` values, or two of them in a row ("g l"). They never fire while the
 * reader types into a field, apart from Escape. Single keys can be switched off, for people whose
 * speech input types letters.
 */
export interface Shortcut {
  keys: string[];
  label: string;
  group: string;
  run: (event: KeyboardEvent) => void;
}

interface Registered {
  current: Shortcut;
}

const STORAGE_KEY = "tailrace-shortcuts";
const SEQUENCE_MS = 1200;

const registered = new Set<Registered>();
const listeners = new Set<() => void>();
let snapshot: readonly Shortcut[] = [];
let enabled = readEnabled();
let prefix = { key: "", at: 0 };

function readEnabled(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== "off";
  } catch {
    return true;
  }
}

function changed(): void {
  snapshot = [...registered].map((entry) => entry.current);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setShortcutsEnabled(value: boolean): void {
  enabled = value;
  try {
    localStorage.setItem(STORAGE_KEY, value ? "on" : "off");
  } catch {
    // Storage is refused in some private windows: the choice lasts until the page is left.
  }
  changed();
}

export function useShortcutsEnabled(): boolean {
  return useSyncExternalStore(subscribe, () => enabled);
}

export function useShortcutList(): readonly Shortcut[] {
  return useSyncExternalStore(subscribe, () => snapshot);
}

/** Registers shortcuts while the component is shown; `run` may change with every render. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const entries = useRef<Registered[]>([]);
  useEffect(() => {
    shortcuts.forEach((shortcut, index) => {
      const entry = entries.current[index];
      if (entry) entry.current = shortcut;
    });
  });
  useEffect(() => {
    entries.current = shortcuts.map((current) => ({ current }));
    for (const entry of entries.current) registered.add(entry);
    changed();
    return () => {
      for (const entry of entries.current) registered.delete(entry);
      changed();
    };
    // The set of shortcuts of a component is fixed; their actions are refreshed above.
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input, textarea, select, [role=combobox]");
}

/** What the key does elsewhere is not taken over: Enter and Space press the focused button. */
function isPress(event: KeyboardEvent): boolean {
  const pressable = "a, button, summary, [role=tab], [role=menuitem], [role=option], [role=radio]";
  return (
    (event.key === "Enter" || event.key === " ") &&
    event.target instanceof HTMLElement &&
    event.target.closest(pressable) !== null
  );
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const isEscape = event.key === "Escape";
  if (!isEscape && (isTyping(event.target) || !enabled || isPress(event))) return;
  if (document.querySelector("dialog[open]")) return;
  const isFresh = event.timeStamp - prefix.at < SEQUENCE_MS;
  const sequence = isFresh && prefix.key ? `${prefix.key} ${event.key}` : event.key;
  const all = [...registered].map((entry) => entry.current).reverse();
  const match =
    all.find((shortcut) => shortcut.keys.includes(sequence)) ??
    all.find((shortcut) => shortcut.keys.includes(event.key));
  prefix = { key: event.key, at: event.timeStamp };
  if (!match) return;
  prefix = { key: "", at: 0 };
  event.preventDefault();
  match.run(event);
}

addEventListener("keydown", onKeyDown);
