import type { HistogramAnswer } from "@/api/types";

export interface Bucket {
  from: Date;
  until: Date;
  events: number;
}

export function bucketsOf({ interval_s, buckets }: HistogramAnswer): Bucket[] {
  return buckets.map(({ at, events }) => {
    const from = new Date(at);
    return { from, until: new Date(from.getTime() + interval_s * 1000), events };
  });
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TICK_STEPS = [
  1000,
  5000,
  15_000,
  30_000,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  90 * DAY,
];

/** Which buckets get a label below them: those that begin a round piece of local time. */
export function ticksOf(buckets: readonly Bucket[], ticksMax: number): Map<number, string> {
  const first = buckets[0];
  const last = buckets.at(-1);
  const ticks = new Map<number, string>();
  if (!first || !last) return ticks;
  const span = last.until.getTime() - first.from.getTime();
  const step = TICK_STEPS.find((candidate) => span / candidate <= ticksMax) ?? 365 * DAY;
  let before = Math.floor((localMs(first.from) - 1) / step);
  buckets.forEach((bucket, index) => {
    const piece = Math.floor(localMs(bucket.from) / step);
    if (piece !== before) ticks.set(index, tickLabel(bucket.from, step));
    before = piece;
  });
  return ticks;
}

const localMs = (at: Date): number => at.getTime() - at.getTimezoneOffset() * MINUTE;

const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const seconds = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

function tickLabel(at: Date, step: number): string {
  const isMidnight = localMs(at) % DAY === 0;
  if (step >= DAY || isMidnight) return day.format(at);
  return step < MINUTE ? seconds.format(at) : clock.format(at);
}
