/** The settings of a destination as they are typed, and what they say. */

import type { Json, JsonObject } from "@/api/types";
import type { SettingField } from "./fields";

/** `keep` and `remove` are for a secret that is set already. */
export type SecretDraft = "keep" | "remove" | { text: string };

export interface Pair {
  name: string;
  value: string;
}

export type Typed = string | boolean | SecretDraft | Pair[];

export type Draft = Record<string, Typed>;

export type Given = string | number | boolean | Record<string, string> | null;

/** What stands in the place of a secret that is set. */
export const STARS = "***";

/** The form's beginning: of what is set, or of a new destination's defaults. */
export const draftOf = (fields: readonly SettingField[], settings: JsonObject | null): Draft =>
  Object.fromEntries(fields.map((field) => [field.name, typedOf(field, settings)]));

function typedOf(field: SettingField, settings: JsonObject | null): Typed {
  const value = settings === null ? field.fallback : (settings[field.name] ?? null);
  switch (field.shape) {
    case "secret":
      return settings === null ? { text: "" } : "keep";
    case "flag":
      return value === true;
    case "pairs":
      return Object.entries(isObject(value) ? value : {}).map(([name, text]) => ({
        name,
        value: String(text),
      }));
    default:
      return value === null ? "" : String(value);
  }
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a field's text stands for; null for the default or nothing. */
export function givenOf(field: SettingField, typed: Typed): Given {
  if (Array.isArray(typed)) {
    const filled = typed.filter(({ name, value }) => name.trim() !== "" || value !== "");
    return Object.fromEntries(filled.map(({ name, value }) => [name.trim(), value]));
  }
  if (typeof typed === "object") return typed.text === "" ? null : typed.text;
  if (field.shape === "secret") return typed === "remove" ? null : STARS;
  if (typeof typed === "boolean") return typed;
  const text = typed.trim();
  // An empty text is a value of its own where it is the default.
  if (text === "") return field.fallback === "" ? "" : null;
  return field.shape === "number" ? Number(text) : text;
}

/** The settings of a new destination; what was left as it is by default is left out. */
export function settingsOf(fields: readonly SettingField[], draft: Draft): Record<string, Given> {
  const given: Record<string, Given> = {};
  for (const field of fields) {
    const value = givenOf(field, draft[field.name] ?? "");
    if (value !== null && !isSame(value, field.fallback)) given[field.name] = value;
  }
  return given;
}

/** What the form would change of the settings: only that is sent. */
export function changesOf(
  fields: readonly SettingField[],
  draft: Draft,
  settings: JsonObject,
): Record<string, Given> {
  const changes: Record<string, Given> = {};
  for (const field of fields) {
    const typed = draft[field.name] ?? "";
    const value = givenOf(field, typed);
    const now = settings[field.name] ?? null;
    if (staysAsItIs(field, typed) || isSame(value ?? field.fallback, now)) continue;
    changes[field.name] = value;
  }
  return changes;
}

/** A secret that nobody touched, or whose field was opened and left empty. */
const staysAsItIs = ({ shape }: SettingField, typed: Typed): boolean =>
  shape === "secret" &&
  (typed === "keep" || (typeof typed === "object" && "text" in typed && typed.text === ""));

const isSame = (a: Given | Json, b: Given | Json): boolean => canonical(a) === canonical(b);

function canonical(value: Given | Json): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return JSON.stringify(value);
  }
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is wrong with the fields as they are typed, by their names; the server knows more. */
export function problemsOf(fields: readonly SettingField[], draft: Draft): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const problem = problemOf(field, draft[field.name] ?? "");
    if (problem !== null) problems[field.name] = problem;
  }
  return problems;
}

function problemOf(field: SettingField, typed: Typed): string | null {
  if (Array.isArray(typed)) return pairsProblem(typed);
  const value = givenOf(field, typed);
  if (value === null || value === "") return field.isRequired ? "This is needed." : null;
  if (field.shape === "number") return numberProblem(field, Number(value));
  if (typeof value !== "string") return null;
  if (field.lengthMax !== null && value.length > field.lengthMax) {
    return `Use at most ${field.lengthMax} characters.`;
  }
  if (field.isUrl && !/^https?:\/\/[^\s/]/.test(value)) {
    return "Give an address that begins with https:// or http://.";
  }
  return null;
}

function pairsProblem(pairs: readonly Pair[]): string | null {
  const names = pairs.map(({ name }) => name.trim()).filter((name) => name !== "");
  if (pairs.some(({ name, value }) => name.trim() === "" && value !== "")) {
    return "Give each value a name.";
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? null : `“${twice}” is there twice.`;
}

function numberProblem(field: SettingField, value: number): string | null {
  const isIn = value >= (field.minimum ?? -Infinity) && value <= (field.maximum ?? Infinity);
  if (isIn && (!field.isWhole || Number.isInteger(value))) return null;
  return `Give ${field.isWhole ? "a whole number" : "a number"}${rangeWords(field)}.`;
}

/** " from 1 to 4000"; "" where there are no bounds. */
export function rangeWords({ minimum, maximum }: SettingField): string {
  if (minimum !== null && maximum !== null) return ` from ${minimum} to ${maximum}`;
  if (minimum !== null) return `, at least ${minimum}`;
  return maximum !== null ? `, at most ${maximum}` : "";
}
