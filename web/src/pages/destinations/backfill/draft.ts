/** A backfill as its form has it, and what is asked for. */

import type { BackfillDraft } from "@/api/types";
import { boundsOf, durationSeconds, type Range } from "@/state/range";

export interface Draft {
  range: Range;
  query: string;
  /** null for all. */
  sources: string[] | null;
  /** null for all that are enabled. */
  subscriptions: string[] | null;
  /** Events a second as they are typed; "" for no limit. */
  pace: string;
}

export const PACE_DEFAULT = 1_000;
const PACE_MAX = 1_000_000;

export const FIRST: Draft = {
  range: { kind: "relative", since: "7d" },
  query: "",
  sources: null,
  subscriptions: null,
  pace: String(PACE_DEFAULT),
};

/** Events a second; null for no limit. */
export const paceOf = ({ pace }: Draft): number | null =>
  pace.trim() === "" ? null : Number(pace);

export type Problems = Partial<Record<keyof Draft, string>>;

/** What is wrong with what is typed; the server knows more. */
export function problemsOf(draft: Draft): Problems {
  const problems: Problems = {};
  const pace = paceOf(draft);
  if (pace !== null && !(Number.isInteger(pace) && pace >= 1 && pace <= PACE_MAX)) {
    problems.pace = `Give a whole number from 1 to ${PACE_MAX}, or leave it empty.`;
  }
  if (draft.sources?.length === 0) problems.sources = "Choose at least one.";
  if (draft.subscriptions?.length === 0) problems.subscriptions = "Choose at least one.";
  return problems;
}

/**
 * What the API is asked for.
 *
 * A duration before now would mean another time when the backfill starts than when it was counted,
 * so it is given as two instants.
 */
export function askedOf(draft: Draft, now: Date): BackfillDraft {
  const { since, until } = boundsOf(draft.range);
  const fixed =
    until === null ? { since: before(now, since), until: now.toISOString() } : { since, until };
  return {
    ...fixed,
    sources: draft.sources,
    query: draft.query.trim(),
    ...(draft.subscriptions === null ? {} : { subscriptions: draft.subscriptions }),
    events_per_s_max: paceOf(draft),
  };
}

function before(now: Date, since: string): string {
  const seconds = durationSeconds(since);
  return new Date(now.getTime() - seconds * 1000).toISOString();
}
