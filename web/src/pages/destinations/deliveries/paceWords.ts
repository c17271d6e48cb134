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
  const { pace, in_flight, behind_records } = delivery;
  if (pace === null) {
    const waiting = waitingOf(delivery);
    return waiting === 0 && isBehind(delivery) ? "some" : formatCount(waiting);
  }
  // What was not read yet is estimated by what was.
  const isEstimate = behind_records > 0 && pace.backlog_events > waitingOf(delivery);
  return isEstimate && in_flight < pace.backlog_events
    ? `about ${formatCount(pace.backlog_events)}`
    : formatCount(pace.backlog_events);
}

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
