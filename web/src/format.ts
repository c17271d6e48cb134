/** Numbers, sizes and times in the reader's language and time zone. */

const integer = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

/** A count with its noun: "1 event", "1,200 events". */
export const formatEvents = (count: number): string =>
  count === 1 ? "1 event" : `${integer.format(count)} events`;
export const formatCount = (count: number): string => integer.format(count);
export const formatCompact = (count: number): string => compact.format(count);
export const formatShare = (share: number): string => percent.format(share);

/** A rate with one digit below 100, none above. */
export const formatRate = (rate: number): string =>
  rate >= 100 ? integer.format(rate) : oneDigit.format(rate);

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const full = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
  timeZoneName: "short",
});
const minute = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const timeOfDay = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  year: "numeric",
  month: "long",
  day: "numeric",
});
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

export const formatClock = (at: string | Date): string => clock.format(new Date(at));
export const formatDayAndClock = (at: string | Date): string => dayAndClock.format(new Date(at));
export const formatTime = (at: string | Date): string => timeOfDay.format(new Date(at));
export const formatDay = (at: string | Date): string => day.format(new Date(at));
export const formatFull = (at: string | Date): string => full.format(new Date(at));
export const formatMinute = (at: string | Date): string => minute.format(new Date(at));
/** "21 Nov, 09:30 – 10:00": what both ends have in common is said once. */
export const formatMinutes = (from: string | Date, until: string | Date): string =>
  minute.formatRange(new Date(from), new Date(until));

/** `2026-11-21 09:30:00.123 UTC`, the same everywhere: for comparing with logs. */
export function formatUtc(at: string | Date): string {
  const date = new Date(at);
  return `${date.toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

/** Local time and UTC, one above the other: the tooltip of every time shown. */
export const timeTooltip = (at: string | Date): string => `${formatFull(at)}\n${formatUtc(at)}`;

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** "5 min. ago", in the largest unit that fits. */
export function formatAgo(at: string | Date, now: Date = new Date()): string {
  const seconds = (new Date(at).getTime() - now.getTime()) / 1000;
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return relative.format(Math.round(seconds / length), unit);
}

/** What lies back: "just now" within the last second, and where clocks differ a little. */
export function formatPast(at: string | Date, now: Date = new Date()): string {
  return now.getTime() - new Date(at).getTime() < 1000 ? "just now" : formatAgo(at, now);
}

/** A duration between two steps: "12 ms", "1.4 s", "3 min". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${integer.format(ms)} ms`;
  if (ms < 60_000) return `${oneDigit.format(ms / 1000)} s`;
  if (ms < 3_600_000) return `${oneDigit.format(ms / 60_000)} min`;
  return `${oneDigit.format(ms / 3_600_000)} h`;
}

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
