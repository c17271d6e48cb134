/** Events to try a mapping on: which ones, and what of them can be named. */

import type { Json, JsonObject, TrackedEvent } from "@/api/types";
import { isObject } from "./choice";

const NAMES: Record<string, keyof TrackedEvent> = {
  type: "type",
  event: "event",
  name: "name",
  userId: "user_id",
  anonymousId: "anonymous_id",
  groupId: "group_id",
  previousId: "previous_id",
  properties: "properties",
  traits: "traits",
  context: "context",
  integrations: "integrations",
  messageId: "message_id",
  timestamp: "timestamp",
  originalTimestamp: "original_timestamp",
  sentAt: "sent_at",
  receivedAt: "received_at",
};

/** A stored event with the names of the Segment API, as mappings see it. */
export function sentEvent(event: TrackedEvent): JsonObject {
  const named = Object.entries(NAMES).map(
    ([name, column]) => [name, event[column] as Json] as const,
  );
  return Object.fromEntries(named.filter(([, value]) => !isNothing(value)));
}

const isNothing = (value: Json): boolean =>
  value === "" || value === null || (isObject(value) && Object.keys(value).length === 0);

/** Something in an event that a mapping can name. */
export interface Place {
  path: string;
  /** What is there, in short. */
  sample: string;
  isList: boolean;
}

const PLACES_MAX = 400;
const SAMPLE_LENGTH = 60;
const PLAIN_NAME = /^[\p{L}\p{N}_$-]+$/u;

/** All that mappings can name in an event, objects and lists too. */
export function placesOf(event: Json): Place[] {
  const places: Place[] = [];
  const visit = (value: Json, path: string) => {
    if (!isObject(value)) return;
    for (const [key, child] of Object.entries(value)) {
      // No path can name a key with a dot in it.
      if (key.includes(".") || key.includes("'") || places.length >= PLACES_MAX) continue;
      const at = PLAIN_NAME.test(key) ? `${path}.${key}` : `${path}['${key}']`;
      places.push({ path: at, sample: sampleOf(child), isList: Array.isArray(child) });
      visit(child, at);
    }
  };
  visit(event, "$");
  return places;
}

function sampleOf(value: Json): string {
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (isObject(value)) return `${Object.keys(value).length} fields`;
  const text = String(value);
  return text.length > SAMPLE_LENGTH ? `${text.slice(0, SAMPLE_LENGTH)}…` : text;
}

const PARTS = /[^.[\]']+/g;

/** The value at a path of an event; undefined where there is none. */
export function valueAt(event: Json, path: string): Json | undefined {
  const parts = path.replace(/^\$/, "").match(PARTS) ?? [];
  let value: Json | undefined = event;
  for (const part of parts) {
    if (Array.isArray(value)) value = value[Number(part)];
    else value = isObject(value) ? value[part] : undefined;
  }
  return value;
}

/** The first item of the list at a path: what a mapping of its items sees. */
export function itemAt(event: Json, path: string): Json {
  const list = valueAt(event, path);
  return (Array.isArray(list) ? list[0] : list) ?? null;
}

/** A search for stored events like those that a trigger takes; "" where it does not say. */
export function searchFor(trigger: string): string {
  const names = [...trigger.matchAll(/\bevent\s*=\s*(?:"([^"\\]*)"|'([^'\\]*)')/g)];
  const types = [...trigger.matchAll(/\btype\s*=\s*["'](\w+)["']/g)];
  const isOneOf = (field: string, values: (string | undefined)[]) =>
    [...new Set(values)].map((value) => `${field}:"${value ?? ""}"`).join(" OR ");
  if (names.length > 0)
    return isOneOf(
      "event",
      names.map((name) => name[1] ?? name[2]),
    );
  return isOneOf(
    "type",
    types.map((type) => type[1]),
  );
}
