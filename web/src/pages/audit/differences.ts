/** What a change changed: the settings before and after it, field by field. */

import type { AuditEntry, Json, JsonObject } from "@/api/types";

export interface Difference {
  /** Fields of fields are joined: `json.event`. */
  field: string;
  /** undefined where it was not there, or is not there any more. */
  before: string | undefined;
  after: string | undefined;
}

const CHANGED = "_changed";
const STARS = "***";

/** The fields that differ; all of them where something was made or removed. */
export function differencesOf({ before, after }: AuditEntry): Difference[] {
  const was = flat(before);
  const is = flat(after);
  const fields = [...new Set([...was.keys(), ...is.keys()])];
  return fields
    .filter((field) => !field.endsWith(CHANGED))
    .map((field) => difference(field, was.get(field), is.get(field), isReplaced(field, is)))
    .concat(onlyFlags(is, fields))
    .filter(({ before, after }) => before !== after);
}

/** Secrets are stars before and after; a flag beside them says that they were replaced. */
const isReplaced = (field: string, is: Map<string, Json>): boolean =>
  is.get(field + CHANGED) === true;

function difference(
  field: string,
  was: Json | undefined,
  is: Json | undefined,
  wasReplaced: boolean,
): Difference {
  const after = wordsOf(is);
  return {
    field,
    before: wordsOf(was),
    after: wasReplaced && after === STARS && wordsOf(was) === STARS ? "*** (another one)" : after,
  };
}

/** Flags of fields that are not told at all, such as a password. */
const onlyFlags = (is: Map<string, Json>, fields: readonly string[]): Difference[] =>
  fields
    .filter((field) => field.endsWith(CHANGED) && is.get(field) === true)
    .map((field) => field.slice(0, -CHANGED.length))
    .filter((field) => !fields.includes(field))
    .map((field) => ({ field, before: undefined, after: "changed" }));

function flat(settings: JsonObject | null): Map<string, Json> {
  const found = new Map<string, Json>();
  const add = (values: JsonObject, prefix: string) => {
    for (const [name, value] of Object.entries(values)) {
      const isNested = typeof value === "object" && value !== null && !Array.isArray(value);
      if (isNested && Object.keys(value).length > 0) add(value, `${prefix}${name}.`);
      else found.set(prefix + name, value);
    }
  };
  if (settings !== null) add(settings, "");
  return found;
}

/** A value for reading; null is nothing, as is an empty text. */
function wordsOf(value: Json | undefined): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    return value.map((each) => (typeof each === "string" ? each : JSON.stringify(each))).join(", ");
  }
  return typeof value === "boolean" ? (value ? "yes" : "no") : JSON.stringify(value);
}
