/** The settings of a source in words. */

import type { IpSetting, Source, SourceKind } from "@/api/types";
import { formatAgo } from "@/format";
import type { Myself } from "@/state/me";

export const KINDS: readonly { value: SourceKind; label: string }[] = [
  { value: "web", label: "Web" },
  { value: "mobile", label: "Mobile" },
  { value: "server", label: "Server" },
  { value: "webhook", label: "Webhook" },
  { value: "json", label: "JSON" },
];

export const IP_SETTINGS: readonly { value: IpSetting; label: string }[] = [
  { value: "keep", label: "Keep addresses" },
  { value: "truncate", label: "Truncate addresses" },
  { value: "drop", label: "Drop addresses" },
];

/** What becomes of the other write keys when one is added, in the order of how long they last. */
export const OVERLAPS: readonly { value: string; label: string; seconds: number | null }[] = [
  { value: "stay", label: "They go on working", seconds: null },
  { value: "week", label: "They work for 7 more days", seconds: 7 * 86_400 },
  { value: "day", label: "They work for 1 more day", seconds: 86_400 },
  { value: "hour", label: "They work for 1 more hour", seconds: 3_600 },
  { value: "now", label: "They end at once", seconds: 0 },
];

const LAST_SEEN_MS_MAX = 30 * 86_400_000;

export const kindLabel = (kind: string): string =>
  KINDS.find(({ value }) => value === kind)?.label ?? kind;

/** Whether they may add sources and delete them, and not only change those given to them. */
export const mayAddSources = (me: Myself): boolean =>
  me.may("sources:write") && me.sources === null;

export const nameOf = (source: Source): string => source.name || source.slug;

/** When the last event came; the server looks back 30 days. */
export function lastEventWords(source: Source, now: Date): string {
  if (source.last_event_at !== null) {
    const age = now.getTime() - new Date(source.last_event_at).getTime();
    return age < 1_000 ? "just now" : formatAgo(source.last_event_at, now);
  }
  const isYoung =
    source.created_at !== null &&
    now.getTime() - new Date(source.created_at).getTime() < LAST_SEEN_MS_MAX;
  return isYoung ? "none yet" : "none in 30 days";
}
