/** A delivery alert as its form has it, and what that says. */

import type { Alert, AlertChange, AlertDraft, Place } from "@/api/types";
import { slugProblem } from "@/pages/sources/slug";
import { secondsOf, typedOf } from "./durations";

export type DurationCondition = "down_for_s" | "suspended_for_s" | "oldest_older_than_s";

export type Condition = DurationCondition | "dead_letters_more_than";

export const CONDITIONS: readonly Condition[] = [
  "down_for_s",
  "suspended_for_s",
  "oldest_older_than_s",
  "dead_letters_more_than",
];

/** A secret that is set can be kept, replaced and removed; nobody can read it. */
export type SecretDraft = "keep" | "none" | { text: string };

export interface PlaceDraft {
  /** What it is called; it never changes, as its secrets are kept by it. */
  slug: string;
  type: Place["type"];
  url: string;
  secret: SecretDraft;
  /** What it is set to already; null for a new one. */
  set: Place | null;
}

export interface Draft {
  name: string;
  /** null for all. */
  destinations: string[] | null;
  /** What is typed for each condition; null for one that is not on. */
  when: Record<Condition, string | null>;
  within: string;
  /** Hours; "" for never. */
  repeat: string;
  places: PlaceDraft[];
}

/** What stands in the place of a secret that is set. */
export const STARS = "***";

const BY_DEFAULT: Record<Condition, string> = {
  down_for_s: "5m",
  suspended_for_s: "1m",
  oldest_older_than_s: "1h",
  dead_letters_more_than: "100",
};

/** What a condition begins with when it is turned on. */
export const beginningOf = (condition: Condition): string => BY_DEFAULT[condition];

export const newPlace = (type: Place["type"], places: readonly PlaceDraft[]): PlaceDraft => ({
  slug: freeSlug(type, places),
  type,
  url: "",
  secret: "none",
  set: null,
});

function freeSlug(type: string, places: readonly PlaceDraft[]): string {
  const taken = new Set(places.map(({ slug }) => slug));
  if (!taken.has(type)) return type;
  let number = 2;
  while (taken.has(`${type}-${number}`)) number += 1;
  return `${type}-${number}`;
}

export const FIRST: Draft = {
  name: "",
  destinations: null,
  when: {
    down_for_s: BY_DEFAULT.down_for_s,
    suspended_for_s: BY_DEFAULT.suspended_for_s,
    oldest_older_than_s: null,
    dead_letters_more_than: null,
  },
  within: "1h",
  repeat: "",
  places: [newPlace("slack", [])],
};

export const draftOf = ({ name, destinations, when, repeat_every_h, notify }: Alert): Draft => ({
  name,
  destinations,
  when: {
    down_for_s: typedSeconds(when.down_for_s),
    suspended_for_s: typedSeconds(when.suspended_for_s),
    oldest_older_than_s: typedSeconds(when.oldest_older_than_s),
    dead_letters_more_than: typedNumber(when.dead_letters_more_than),
  },
  within: typedOf(when.dead_letters_within_s ?? 3_600),
  repeat: typedNumber(repeat_every_h) ?? "",
  places: notify.map((place) => ({
    slug: place.slug,
    type: place.type,
    url: place.url,
    secret: place.secret === null ? "none" : "keep",
    set: place,
  })),
});

const typedSeconds = (seconds: number | null | undefined): string | null =>
  seconds === null || seconds === undefined ? null : typedOf(seconds);

const typedNumber = (count: number | null | undefined): string | null =>
  count === null || count === undefined ? null : String(count);

/** The whole of what is typed, as the API takes it. */
export function givenOf(draft: Draft): Required<Omit<AlertDraft, "slug" | "enabled">> {
  const { name, destinations, when, within, repeat, places } = draft;
  const letters = when.dead_letters_more_than;
  return {
    name: name.trim(),
    destinations: destinations === null ? null : [...destinations].sort(),
    when: {
      down_for_s: givenSeconds(when.down_for_s),
      suspended_for_s: givenSeconds(when.suspended_for_s),
      oldest_older_than_s: givenSeconds(when.oldest_older_than_s),
      dead_letters_more_than: letters === null ? null : Number(letters),
      dead_letters_within_s: secondsOf(within) ?? 3_600,
    },
    repeat_every_h: repeat.trim() === "" ? null : Number(repeat),
    notify: places.map(({ slug, type, url, secret, set }) => ({
      slug,
      type,
      url: url.trim(),
      secret: givenSecret(secret, set),
    })),
  };
}

const givenSeconds = (typed: string | null): number | null =>
  typed === null ? null : secondsOf(typed);

function givenSecret(secret: SecretDraft, set: Place | null): string | null {
  if (typeof secret === "object" && secret.text !== "") return secret.text;
  // One whose field was opened and left empty stays.
  return secret === "none" || set === null || set.secret === null ? null : STARS;
}

/** What the form would change of an alert: only that is sent. */
export function changesOf(draft: Draft, alert: Alert): AlertChange {
  const given = givenOf(draft);
  const before = givenOf(draftOf(alert));
  const names = ["name", "destinations", "when", "repeat_every_h", "notify"] as const;
  const changed = names.filter(
    (name) => JSON.stringify(given[name]) !== JSON.stringify(before[name]),
  );
  return Object.fromEntries(changed.map((name) => [name, given[name]]));
}

const DURATION_S_MAX = 30 * 86_400;
const LETTERS_MAX = 10_000;
const HOURS_MAX = 8_760;
const DURATION = "Give a duration such as 30s, 5m, 2h or 1d, up to 30 days.";

/** What is wrong, by the names that the API gives fields: `when.down_for_s`, `notify[0].url`. */
export function problemsOf(draft: Draft): Record<string, string> {
  const problems: Record<string, string> = {};
  const { when, within, repeat, destinations, places } = draft;
  for (const name of CONDITIONS) {
    const typed = when[name];
    if (typed === null) continue;
    if (name !== "dead_letters_more_than") {
      if (!isDuration(typed)) problems[`when.${name}`] = DURATION;
    } else if (!isWhole(typed, LETTERS_MAX)) {
      problems[`when.${name}`] = `Give a whole number from 0 to ${LETTERS_MAX}.`;
    }
  }
  if (CONDITIONS.every((name) => when[name] === null)) problems["when"] = "Choose at least one.";
  if (when.dead_letters_more_than !== null && !isDuration(within)) {
    problems["when.dead_letters_within_s"] = DURATION;
  }
  if (repeat.trim() !== "" && !(Number(repeat) > 0 && Number(repeat) <= HOURS_MAX)) {
    problems["repeat_every_h"] = `Give a number of hours up to ${HOURS_MAX}, or leave it empty.`;
  }
  if (destinations?.length === 0) problems["destinations"] = "Choose at least one.";
  if (places.length === 0) problems["notify"] = "Add at least one.";
  places.forEach((place, index) => {
    const problem = placeProblem(place, places.slice(0, index));
    if (problem !== null) problems[`notify[${index}].${problem.field}`] = problem.text;
  });
  return problems;
}

function isDuration(typed: string): boolean {
  const seconds = secondsOf(typed);
  return seconds !== null && seconds >= 1 && seconds <= DURATION_S_MAX;
}

const isWhole = (typed: string, max: number): boolean =>
  /^\d+$/.test(typed.trim()) && Number(typed) <= max;

function placeProblem(
  { slug, url }: PlaceDraft,
  before: readonly PlaceDraft[],
): { field: "slug" | "url"; text: string } | null {
  const slugWrong = slugProblem(slug);
  if (slugWrong !== null) return { field: "slug", text: slugWrong };
  if (before.some((place) => place.slug === slug)) {
    return { field: "slug", text: `“${slug}” is there twice.` };
  }
  if (url.trim() === "") return { field: "url", text: "This is needed." };
  if (!/^https?:\/\/[^\s/]/.test(url.trim())) {
    return { field: "url", text: "Give an address that begins with https:// or http://." };
  }
  return null;
}
