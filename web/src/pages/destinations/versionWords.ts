/** What differs between two versions of a destination. */

import type { DestinationVersion, Json } from "@/api/types";
import { STARS } from "./draft";
import { labelOf } from "./fields";
import { settingWords, sourcesWords } from "./words";

type Settled =
  "name" | "enabled" | "sources" | "settings" | "filters" | "subscriptions" | "delivery";

type State = Pick<DestinationVersion, Settled>;

/** One phrase per difference, such as "timeout in seconds from 10 to 5". */
export function differencesOf(before: State, after: State): string[] {
  const words: string[] = [];
  const add = (label: string, was: string, is: string) => {
    if (was !== is) words.push(`${label} from ${was} to ${is}`);
  };
  add("name", `“${before.name}”`, `“${after.name}”`);
  add("state", enabledWords(before), enabledWords(after));
  if (JSON.stringify(before.sources) !== JSON.stringify(after.sources)) {
    add("sources", sourcesWords(before.sources), sourcesWords(after.sources));
  }
  for (const part of ["filters", "subscriptions"] as const) {
    if (JSON.stringify(before[part]) !== JSON.stringify(after[part])) words.push(`the ${part}`);
  }
  if (JSON.stringify(before.delivery) !== JSON.stringify(after.delivery)) {
    words.push("how events are delivered");
  }
  for (const name of Object.keys({ ...before.settings, ...after.settings })) {
    words.push(...settingDifference(name, before.settings[name], after.settings[name]));
  }
  return words;
}

/** What was done by a version, as the end of a sentence; `before` is null for the first. */
export function doneWords(version: DestinationVersion, before: DestinationVersion | null): string {
  if (before === null) return "made the destination";
  const differences = differencesOf(before, version);
  // Of a secret only the stars are known: one that took another's place shows nothing else.
  return differences.length === 0 ? "replaced a secret" : `changed ${differences.join(", ")}`;
}

const enabledWords = ({ enabled }: State): string => (enabled ? "enabled" : "disabled");

function settingDifference(name: string, was: Json | undefined, is: Json | undefined): string[] {
  if (JSON.stringify(was ?? null) === JSON.stringify(is ?? null)) return [];
  const label = inSentence(labelOf(name));
  if (is === STARS) return [`${label}, which is set now`];
  if (was === STARS) return [`${label}, which is removed`];
  return [`${label} from ${quoted(was)} to ${quoted(is)}`];
}

/** A label within a sentence: "timeout in seconds", and still "URL". */
const inSentence = (label: string): string =>
  /^[A-Z][a-z]/.test(label) ? label.charAt(0).toLowerCase() + label.slice(1) : label;

const quoted = (value: Json | undefined): string => {
  const words = settingWords(value);
  return typeof value === "string" && value !== "" ? `“${words}”` : words.toLowerCase();
};
