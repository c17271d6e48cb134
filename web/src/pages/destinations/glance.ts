/** How a destination fares, as a list of many shows it. */

import type { DestinationSummary } from "@/api/types";
import { formatPast } from "@/format";

type Summary = NonNullable<DestinationSummary["delivery"]>;

/** Events without an outcome; null where there are some, and nobody has counted them yet. */
export function backlogOf({ backlog_events, behind_records, waiting }: Summary): number | null {
  if (backlog_events !== null) return backlog_events;
  return behind_records > 0 ? null : waiting;
}

/** For how long the oldest event waits, in milliseconds; null while nothing does. */
export function ageOf(summary: Summary, now: Date): number | null {
  if (summary.oldest_at === null || backlogOf(summary) === 0) return null;
  return Math.max(0, now.getTime() - new Date(summary.oldest_at).getTime());
}

/** When the tool last answered as it should; the server knows that since its start. */
export const lastWords = ({ worked_at: at }: Summary, now: Date): string =>
  at === null ? "none lately" : formatPast(at, now);
