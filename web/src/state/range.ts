/** A time range: a duration before now, or two instants. Kept in the address. */
export type Range =
  { kind: "relative"; since: string } | { kind: "absolute"; from: string; until: string };

export interface Preset {
  since: string;
  label: string;
}

export const PRESETS: readonly Preset[] = [
  { since: "15m", label: "Last 15 minutes" },
  { since: "1h", label: "Last hour" },
  { since: "24h", label: "Last 24 hours" },
  { since: "7d", label: "Last 7 days" },
  { since: "30d", label: "Last 30 days" },
  { since: "90d", label: "Last 90 days" },
];

export const DEFAULT_RANGE: Range = { kind: "relative", since: "24h" };

const UNIT_S: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of "24h"; NaN for what is not a duration. */
export function durationSeconds(text: string): number {
  const match = /^(\d{1,6})([smhdw])$/.exec(text);
  return match ? Number(match[1]) * (UNIT_S[match[2] ?? ""] ?? Number.NaN) : Number.NaN;
}

/** The two next shorter presets, shortest last; none below the shortest. */
export function shorterPresets(range: Range): Preset[] {
  const length =
    range.kind === "relative"
      ? durationSeconds(range.since)
      : (new Date(range.until).getTime() - new Date(range.from).getTime()) / 1000;
  return PRESETS.filter(({ since }) => durationSeconds(since) < length)
    .reverse()
    .slice(0, 2);
}

/** Reads `range` or `from` and `until`; what makes no sense falls back to the last 24 hours. */
export function rangeOf(params: URLSearchParams): Range {
  const from = new Date(params.get("from") ?? "");
  const until = new Date(params.get("until") ?? "");
  if (from < until) {
    return { kind: "absolute", from: from.toISOString(), until: until.toISOString() };
  }
  const since = params.get("range") ?? "";
  return durationSeconds(since) > 0 ? { kind: "relative", since } : DEFAULT_RANGE;
}

export function rangeParams(range: Range): Record<string, string | null> {
  return range.kind === "relative"
    ? { range: range.since === "24h" ? null : range.since, from: null, until: null }
    : { range: null, from: range.from, until: range.until };
}

/** `since` and `until` as the API takes them. */
export const boundsOf = (range: Range): { since: string; until: string | null } =>
  range.kind === "relative"
    ? { since: range.since, until: null }
    : { since: range.from, until: range.until };
