/** How backfills stand, in words. */

import type { Backfill } from "@/api/types";
import { formatCount, formatEvents, formatMinutes } from "@/format";
import type { Tone } from "../words";

type BackfillState = Backfill["state"];

interface StateWords {
  label: string;
  tone: Tone;
  about: string;
}

export const STATES: Record<BackfillState, StateWords> = {
  queued: { label: "Queued", tone: "plain", about: "It waits for its turn." },
  counting: { label: "Counting", tone: "plain", about: "Its events are counted." },
  running: { label: "Running", tone: "good", about: "Its events are sent." },
  paused: { label: "Paused", tone: "warn", about: "It stands still until it is resumed." },
  done: { label: "Done", tone: "good", about: "All of its events have an outcome." },
  canceled: { label: "Canceled", tone: "plain", about: "It was ended; what was sent stays sent." },
  failed: { label: "Failed", tone: "bad", about: "It cannot go on." },
};

const ENDED: readonly BackfillState[] = ["done", "canceled", "failed"];

export const isOver = ({ state }: Backfill): boolean => ENDED.includes(state);

/** Whether it moves by itself, so that it is worth looking again soon. */
export const isMoving = ({ state }: Backfill): boolean =>
  state === "queued" || state === "counting" || state === "running";

export type Move = "pause" | "resume" | "cancel";

/** What can be done with it. */
export function movesOf(backfill: Backfill): Move[] {
  if (isOver(backfill)) return [];
  return [backfill.state === "paused" ? "resume" : "pause", "cancel"];
}

/** Events with an outcome: those that the tool took, refused or was not meant to get. */
export const settledOf = ({ delivered, filtered, dead_letters, discarded }: Backfill): number =>
  delivered + filtered + dead_letters + discarded;

/** How much of it is done, from 0 to 1; null while that cannot be told. */
export function shareOf(backfill: Backfill): number | null {
  if (backfill.to_come === null) return null;
  const settled = settledOf(backfill);
  const all = settled + backfill.waiting + backfill.to_come;
  return all === 0 ? 1 : settled / all;
}

/** A share in whole percent; all is said of all alone, and nothing of nothing alone. */
export function percentOf(share: number): number {
  const percent = Math.round(share * 100);
  if (percent === 100 && share < 1) return 99;
  return percent === 0 && share > 0 ? 1 : percent;
}

/** "1,204 of 2,000 events", "12,000 events so far". */
export function progressWords(backfill: Backfill): string {
  const { selected, ended, fed } = backfill;
  if (selected !== null) return `${formatCount(ended)} of ${formatEvents(selected)}`;
  return fed === 0 ? "" : `${formatEvents(ended)} so far`;
}

/** What it is about, in one line: "1 Nov, 00:00 – 8 Nov, 00:00". */
export const timesWords = ({ since, until }: Pick<Backfill, "since" | "until">): string =>
  formatMinutes(since, until);

/** "at most 1,000 events a second". */
export const paceWords = (events_per_s_max: number | null): string =>
  events_per_s_max === null
    ? "as fast as the tool takes them"
    : `at most ${formatEvents(events_per_s_max)} a second`;

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

/** How long so many events take at a pace, roughly: "about 3 minutes"; "" without a limit. */
export function lengthWords(events: number, events_per_s_max: number | null): string {
  if (events_per_s_max === null || events === 0) return "";
  const seconds = events / events_per_s_max;
  if (seconds < MINUTE_S) return "less than a minute";
  if (seconds < 2 * HOUR_S) return about(seconds / MINUTE_S, "minute");
  if (seconds < 2 * DAY_S) return about(seconds / HOUR_S, "hour");
  return about(seconds / DAY_S, "day");
}

function about(count: number, unit: string): string {
  const whole = Math.max(1, Math.round(count));
  return `about ${formatCount(whole)} ${unit}${whole === 1 ? "" : "s"}`;
}
