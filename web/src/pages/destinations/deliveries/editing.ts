/** A dead letter's event as somebody edits it. */

import type { Json, JsonObject } from "@/api/types";

export interface Change {
  /** Where in the event, such as `properties.revenue`. */
  path: string;
  /** As JSON; null where it was not there, or is not there any more. */
  before: string | null;
  after: string | null;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is different, field by field; lists are compared as a whole. */
export function changesBetween(before: JsonObject, after: JsonObject, prefix = ""): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name): Change[] => {
    const [was, is] = [before[name], after[name]];
    const path = prefix + name;
    if (isObject(was) && isObject(is)) return changesBetween(was, is, `${path}.`);
    const [wasText, isText] = [textOf(was), textOf(is)];
    return wasText === isText ? [] : [{ path, before: wasText, after: isText }];
  });
}

const textOf = (value: Json | undefined): string | null =>
  value === undefined ? null : JSON.stringify(value);

/** "properties.revenue: "79" → 79", with words for what was added or removed. */
export function changeWords({ path, before, after }: Change): string {
  if (before === null) return `${path}: added, ${after}`;
  return after === null ? `${path}: removed, was ${before}` : `${path}: ${before} → ${after}`;
}

/** Why the event could not be sent as it is; null where only the server knows more. */
export function editProblem(before: JsonObject, after: JsonObject): string | null {
  if (after["messageId"] !== before["messageId"]) {
    return "Leave messageId as it was: it is what makes this the same event.";
  }
  return "receivedAt" in after && after["receivedAt"] !== before["receivedAt"]
    ? "Leave receivedAt as it was, or leave it out."
    : null;
}

/** Whether a whole number lost digits on its way through the browser: it must not be sent back. */
export function isRounded(value: Json): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(isRounded);
}
