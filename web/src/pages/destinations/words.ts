/** How destinations fare, in words. */

import type { Delivery, Destination, Json, Subscription } from "@/api/types";
import { capitalised, formatCount, formatEvents, formatPast } from "@/format";
import { STARS } from "./draft";

export type DeliveryState = Delivery["state"];

export type Tone = "good" | "warn" | "bad" | "plain";

interface StateWords {
  label: string;
  tone: Tone;
  about: string;
}

export const STATES: Record<DeliveryState, StateWords> = {
  running: { label: "Running", tone: "good", about: "Events are delivered as they arrive." },
  starting: { label: "Starting", tone: "plain", about: "Delivery begins in a moment." },
  down: {
    label: "Down",
    tone: "bad",
    about: "The tool takes nothing just now. Events wait and are tried again until it does.",
  },
  suspended: {
    label: "Suspended",
    tone: "bad",
    about: "Somebody has to act: events wait until its settings or the tool's are mended.",
  },
  draining: {
    label: "Draining",
    tone: "warn",
    about: "It gets what was stored when it was told to drain, and then nothing more.",
  },
  drained: {
    label: "Drained",
    tone: "warn",
    about: "It has had all that was stored, and stands still until it is resumed.",
  },
  disabled: {
    label: "Disabled",
    tone: "warn",
    about: "Nothing is delivered. Once it is enabled, it goes on where it stopped.",
  },
};

export const nameOf = (destination: Pick<Destination, "name" | "slug">): string =>
  destination.name || destination.slug;

/** The books of all subscriptions together. */
export interface Sums {
  delivered: number;
  filtered: number;
  dead: number;
  discarded: number;
  waiting: number;
}

export const sumsOf = (subscriptions: readonly Subscription[]): Sums => ({
  delivered: sum(subscriptions, "delivered"),
  filtered: sum(subscriptions, "filtered"),
  dead: sum(subscriptions, "dead_letters"),
  discarded: sum(subscriptions, "discarded"),
  waiting: sum(subscriptions, "waiting"),
});

const sum = (
  subscriptions: readonly Subscription[],
  field: "delivered" | "filtered" | "dead_letters" | "discarded" | "waiting",
): number => subscriptions.reduce((total, each) => total + each[field], 0);

/** Events that are still to be delivered: read and on their way, or to be tried again. */
export const waitingOf = ({ in_flight, subscriptions }: Delivery): number =>
  in_flight + sumsOf(subscriptions).waiting;

/** Whether there are more than those: they lie in the log, and were not read for it yet. */
export const isBehind = ({ state, behind_records, in_flight }: Delivery): boolean =>
  state !== "running" && behind_records > in_flight;

/** "all sources", "web-shop", "web-shop and 2 more". */
export function sourcesWords(sources: readonly string[] | null): string {
  if (sources === null) return "all sources";
  const [first = "no source", ...others] = sources;
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

/** A reason's code for people: `http-503` is "HTTP 503", `no_answer` is "no answer". */
export function reasonWords(reason: string): string {
  const status = /^http-(\d{3})$/.exec(reason)?.[1];
  return status === undefined ? reason.replaceAll("_", " ").replaceAll("-", " ") : `HTTP ${status}`;
}

/** When the tool last answered as it should; the server knows that since its start. */
export function successWords({ worked_at: at, subscriptions }: Delivery, now: Date): string {
  if (at !== null) return formatPast(at, now);
  return sumsOf(subscriptions).delivered > 0 ? "none lately" : "none yet";
}

/** Why nothing is delivered, where the server begins with the code of a reason. */
export function problemWords(problem: string): string {
  const [, reason, rest] = /^([a-z]+(?:-[a-z0-9]+)+): (.*)$/s.exec(problem) ?? [];
  return capitalised(reason === undefined ? problem : `${reasonWords(reason)}: ${rest}`);
}

/** "3 times", with the word for once. */
export const timesWords = (count: number): string =>
  count === 1 ? "once" : `${formatCount(count)} times`;

/** How often an event was tried: one behind another of the same person may not have been yet. */
export const triedWords = (count: number): string =>
  count === 0 ? "not tried yet" : `tried ${timesWords(count)}`;

/** What was done with so many dead letters: "3 events are tried again." */
export const replayedWords = (count: number): string =>
  count === 1 ? "1 event is tried again." : `${formatEvents(count)} are tried again.`;

export const discardedWords = (count: number): string =>
  count === 1 ? "1 event was discarded." : `${formatEvents(count)} were discarded.`;

/** A setting's value for reading; nobody reads a secret. */
export function settingWords(value: Json | undefined): string {
  if (value === undefined || value === null || value === "") return "Not set";
  if (value === STARS) return "Set";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value !== "object") return String(value);
  const pairs = Object.entries(value).map(([name, text]) => `${name}: ${String(text)}`);
  return pairs.length === 0 ? "None" : pairs.join(", ");
}
