/** What the list of dead letters is narrowed to, from the address to the API. */

import type { DeadLetter, DeadLetterChoice, DeadLettersWanted, Delivery } from "@/api/types";
import { formatCount, formatEvents } from "@/format";
import { reasonWords } from "../words";

export interface LetterFilters {
  reason: string;
  /** The HTTP status of the last answer as text; "0" for none, "" for every one. */
  status: string;
  /** How long ago it was tried last, at most, such as "24h"; "" for any time. */
  since: string;
  text: string;
}

export const NO_FILTERS: LetterFilters = { reason: "", status: "", since: "", text: "" };

export const TIMES = [
  { value: "", label: "Any time" },
  { value: "1h", label: "Last hour" },
  { value: "24h", label: "Last 24 hours" },
  { value: "7d", label: "Last 7 days" },
  { value: "30d", label: "Last 30 days" },
];

const HOUR_MS = 3_600_000;
const LENGTHS_MS: Record<string, number> = {
  "1h": HOUR_MS,
  "24h": 24 * HOUR_MS,
  "7d": 7 * 24 * HOUR_MS,
  "30d": 30 * 24 * HOUR_MS,
};

/** Reads the address; what makes no sense narrows nothing. */
export function filtersOf(params: URLSearchParams): LetterFilters {
  const status = params.get("status") ?? "";
  const since = params.get("since") ?? "";
  return {
    reason: params.get("reason") ?? "",
    status: /^\d{1,3}$/.test(status) ? status : "",
    since: since in LENGTHS_MS ? since : "",
    text: params.get("q") ?? "",
  };
}

export const isNarrowed = (filters: LetterFilters): boolean =>
  Object.values(filters).some((value) => value !== "");

/** The filters as the list is asked for; only those that narrow it. */
export function wantedOf({ reason, status, since, text }: LetterFilters): DeadLettersWanted {
  return {
    ...(reason === "" ? {} : { reason }),
    ...(status === "" ? {} : { status: Number(status) }),
    ...(since === "" ? {} : { since }),
    ...(text === "" ? {} : { text }),
  };
}

/**
 * The same for replaying and discarding.
 *
 * Times are fixed at `now`: a step that goes on later must mean the same events.
 */
export function choiceOf(filters: LetterFilters, now: Date): DeadLetterChoice {
  if (!isNarrowed(filters)) return { all: true };
  const length = LENGTHS_MS[filters.since];
  const wanted = wantedOf(filters);
  if (length === undefined) return wanted;
  return { ...wanted, since: new Date(now.getTime() - length).toISOString() };
}

interface Option {
  value: string;
  label: string;
}

/** The reasons to choose from, with how many there are of each; the chosen one is among them. */
export function reasonOptions(delivery: Delivery | undefined, chosen: string): Option[] {
  const counts = new Map<string, number>();
  for (const { outcome, reason, events } of delivery?.reasons ?? []) {
    if (outcome === "dead letter" && events > 0) {
      counts.set(reason, (counts.get(reason) ?? 0) + events);
    }
  }
  if (chosen !== "" && !counts.has(chosen)) counts.set(chosen, 0);
  const each = [...counts].map(([reason, events]) => ({
    value: reason,
    label: `${reasonWords(reason)} (${formatCount(events)})`,
  }));
  return [{ value: "", label: "Every reason" }, ...each];
}

/** The statuses of the letters in sight; the chosen one is among them. */
export function statusOptions(letters: readonly DeadLetter[], chosen: string): Option[] {
  const known = new Set(letters.map(({ status }) => String(status)));
  if (chosen !== "") known.add(chosen);
  const each = [...known].sort((a, b) => Number(a) - Number(b));
  return [
    { value: "", label: "Every status" },
    ...each.map((value) => ({ value, label: value === "0" ? "No answer" : `HTTP ${value}` })),
  ];
}

/** How many there are; null where only the server could count them. */
export function countOf(delivery: Delivery | undefined, filters: LetterFilters): number | null {
  const { reason, ...others } = filters;
  if (delivery === undefined || isNarrowed({ ...others, reason: "" })) return null;
  return delivery.reasons
    .filter((each) => each.outcome === "dead letter" && (reason === "" || each.reason === reason))
    .reduce((sum, { events }) => sum + events, 0);
}

/** What is replayed or discarded, as the question calls it. */
export function whichWords(filters: LetterFilters, count: number | null): string {
  if (count === null) return "all that match";
  if (filters.reason === "") return count === 1 ? "the dead letter" : `all ${formatEvents(count)}`;
  return `${formatEvents(count)} of “${reasonWords(filters.reason)}”`;
}

/** What the question adds where it cannot tell a number. */
export function matchWords({ reason, status, since, text }: LetterFilters): string[] {
  const time = TIMES.find(({ value }) => value === since)?.label ?? since;
  return [
    ...(reason === "" ? [] : [`reason: ${reasonWords(reason)}`]),
    ...(status === "" ? [] : [status === "0" ? "no answer" : `HTTP status: ${status}`]),
    ...(since === "" ? [] : [`last tried: ${time.toLowerCase()}`]),
    ...(text === "" ? [] : [`with “${text}” in the name, the message id or the answer`]),
  ];
}
