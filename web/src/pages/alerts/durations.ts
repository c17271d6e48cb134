/** Durations as people type them: "90s", "5m", "4h", "1d". */

import { durationSeconds } from "@/state/range";

const UNITS = [
  ["d", 86_400, "day"],
  ["h", 3_600, "hour"],
  ["m", 60, "minute"],
  ["s", 1, "second"],
] as const;

/** "5m" of 300: in the largest unit without a rest. */
export function typedOf(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds % length === 0) ?? ["s", 1];
  return `${seconds / length}${unit}`;
}

/** Seconds of "5m" or "5 m"; null for what is no duration. */
export function secondsOf(typed: string): number | null {
  const seconds = durationSeconds(typed.replaceAll(/\s/g, "").toLowerCase());
  return Number.isNaN(seconds) ? null : seconds;
}

/** "5 minutes" of 300, "1 hour" of 3600. */
export function durationWords(seconds: number): string {
  const [, length, unit] = UNITS.find(([, length]) => seconds % length === 0) ?? ["s", 1, "second"];
  const count = seconds / length;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
