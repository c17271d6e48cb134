/** The event of a test, as people write it. */

import type { JsonObject } from "@/api/types";

export const SAMPLE = JSON.stringify(
  {
    type: "track",
    event: "Test Event",
    userId: "test-user",
    properties: { amount: 12.5, currency: "EUR" },
  },
  null,
  2,
);

/** The event that a text holds, or what is wrong with the text. */
export function eventIn(text: string): JsonObject | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return error instanceof SyntaxError ? `This is not JSON: ${error.message}` : String(error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return "An event is a JSON object: { … }.";
  }
  return value as JsonObject;
}
