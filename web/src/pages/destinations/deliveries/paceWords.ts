/** How fast and how soon a destination is delivered to, in words. */

import type { Delivery, DeliveryPace, WaitingEvent } from "@/api/types";
import { formatAgo, formatCount, formatDuration, formatRate } from "@/format";
import { isBehind, waitingOf } from "../words";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** "812 B", "1.2 MB": an amount of events as JSON. */
export function sizeWords(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${formatRate(bytes / 1000 ** power)} ${UNITS[power]}`;
}

/** How much has no outcome yet: "8", "about 41,200", or "some" where nobody has told. */
export function backlogWords(delivery: Delivery): string {
  const waiting = waitingOf(delivery);
  const events = delivery.pace?.backlog_events ?? waiting;
  // What was not read yet is estimated by what was; where nothing was, nobody knows.
  if (events > waiting) return `about ${formatCount(events)}`;
  return events === 0 && isBehind(delivery) ? "some" : formatCount(events);
}

/** The same as the subject of a sentence: "Just now, about 41,200 events are". */
export function backlogEvents(delivery: Delivery): string {
  const words = backlogWords(delivery);
  return words === "1"
    ? "Just now, 1 event is"
    : `Just now, ${words === "0" ? "no" : words} events are`;
}

/** Whether it was told to drain, and not to go on since. */
export const isHeld = ({ state }: Delivery): boolean => state === "draining" || state === "drained";

/** Whether events are sent, or would be if there were any. */
export const isRunning = ({ state }: Delivery): boolean =>
  state === "running" || state === "down" || state === "draining";

export const rateWords = ({ events_per_s_10s: rate }: DeliveryPace): string =>
  `${formatRate(rate)} /s`;

/** What lasted so many milliseconds; a dash where nothing was measured. */
export const lastingWords = (ms: number | null): string => (ms === null ? "–" : formatDuration(ms));

/** "99 of 100 within 1.2 s"; "" where nothing was measured. */
export const mostWords = (ms: number | null): string =>
  ms === null ? "" : `99 of 100 within ${formatDuration(ms)}`;

export const inMs = (seconds: number | null): number | null =>
  seconds === null ? null : seconds * 1000;

/** When an event out of line is tried again. */
export function nextWords(
  { is_first, next_at }: Pick<WaitingEvent, "is_first" | "next_at">,
  now: Date,
): string {
  if (!is_first) return "waits behind another one of the same person";
  const isDue = new Date(next_at).getTime() - now.getTime() < 1000;
  return isDue ? "is tried now" : `next try ${formatAgo(next_at, now)}`;
}

/** What the list of the last deliveries says of itself; "" where it has all of them. */
export function sampleWords(sampled: boolean, rate: number): string {
  if (!sampled) return "";
  const share = rate >= 0.01 ? `${formatRate(rate * 100)}%` : "less than 1%";
  return `A sample: ${share} of the latest deliveries are shown, of failed ones a larger part.`;
}

export const hurriedWords = (count: number): string => {
  if (count === 0) return "Everything was due already.";
  return count === 1 ? "1 event is tried now." : `${formatCount(count)} events are tried now.`;
};
