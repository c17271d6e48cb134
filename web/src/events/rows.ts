import type { EventType, Json, JsonObject, SetAsideEvent, TrackedEvent } from "@/api/types";

/** A line of a list of events: one that was accepted, or one that was set aside. */
export type Row = (
  { kind: "event"; event: TrackedEvent } | { kind: "set-aside"; event: SetAsideEvent }
) & {
  key: string;
  /** It came while the reader was watching. */
  isFresh?: true;
};

export const EVENT_TYPES: readonly EventType[] = [
  "track",
  "identify",
  "page",
  "screen",
  "group",
  "alias",
];

/** What the address holds of an open row: `source/message_id`, or `!` and the place in raw. */
export interface EventPlace {
  source: string;
  messageId: string;
}

/** The place of a stored event; null for an event that was set aside. */
export function placeOfKey(key: string): EventPlace | null {
  const slash = key.indexOf("/");
  if (key.startsWith("!") || slash < 1) return null;
  return { source: key.slice(0, slash), messageId: key.slice(slash + 1) };
}

export const eventRow = (event: TrackedEvent): Row => ({
  kind: "event",
  key: `${event.source}/${event.message_id}`,
  event,
});

export const setAsideRow = (event: SetAsideEvent): Row => ({
  kind: "set-aside",
  key: `!${event.raw_partition}/${event.raw_offset}/${event.raw_index}`,
  event,
});

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** What a person would call the event: the tracked name, the page, the user, the group. */
export function titleOf(event: TrackedEvent): string {
  switch (event.type) {
    case "track":
      return event.event || "(no name)";
    case "page":
    case "screen":
      return event.name || text(event.properties["title"]) || text(event.properties["path"]) || "";
    case "identify":
      return text(event.traits["name"]) || text(event.traits["email"]) || event.user_id;
    case "group":
      return text(event.traits["name"]) || event.group_id;
    case "alias":
      return `${event.previous_id} → ${event.user_id}`;
  }
}

/** One line on an event: "track: Order Completed"; null for one that was set aside. */
export const wordsOf = (row: Row | undefined): string | null =>
  row?.kind === "event" ? `${row.event.type}: ${titleOf(row.event)}` : null;

/** What page events carry anyway; their path is shown, the rest would push the news out. */
const PAGE_NOISE = new Set(["url", "title", "referrer", "search", "name"]);

/** The properties (or traits) worth a glance, in the sender's order. */
export function previewOf(event: TrackedEvent, count = 6): [string, string][] {
  const isAboutTraits = event.type === "identify" || event.type === "group";
  const fields: JsonObject = isAboutTraits ? event.traits : event.properties;
  const isPage = event.type === "page" || event.type === "screen";
  return Object.entries(fields)
    .filter(([key]) => !(isPage && PAGE_NOISE.has(key)))
    .slice(0, count)
    .map(([key, value]) => [key, shortValue(value)]);
}

function shortValue(value: Json): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (value !== null && typeof value === "object") return `{${Object.keys(value).length}}`;
  const shown = String(value);
  return shown.length > 60 ? `${shown.slice(0, 59)}…` : shown;
}
