/** What fills a field of an action, as people choose it; a mapping is made from it and read back. */

import type { Json, JsonObject } from "@/api/types";

/** A key of an object, and what is put there. */
export interface Entry {
  key: string;
  value: Choice;
}

export type Choice =
  /** The field as the type fills it; at the top of a mapping only. */
  | { kind: "default" }
  /** The value at a path of the event. */
  | { kind: "path"; path: string }
  /** The same for every event; `text` is JSON where it can be read as such. */
  | { kind: "fixed"; text: string }
  | { kind: "template"; text: string }
  /** The first of several paths that has a value, else `fallback` where that is not empty. */
  | { kind: "first"; paths: string[]; fallback: string }
  | { kind: "object"; entries: Entry[] }
  /** One object for each item of the list at `path`; paths inside are those of the item. */
  | { kind: "each"; path: string; entries: Entry[] }
  /** Any other mapping, as JSON. */
  | { kind: "json"; text: string };

export type Kind = Choice["kind"];

const ITEM = "$.";

/** The choice that a mapping stands for; one that the form has no words for stays JSON. */
export function choiceOf(mapping: Json | undefined): Choice {
  if (mapping === undefined) return { kind: "default" };
  const known = knownChoice(mapping);
  return known !== null && sameJson(mappingOf(known), mapping) ? known : asJson(mapping);
}

export const asJson = (mapping: Json): Choice => ({
  kind: "json",
  text: JSON.stringify(mapping, null, 2),
});

function knownChoice(mapping: Json): Choice | null {
  if (!isObject(mapping)) {
    return Array.isArray(mapping) ? null : { kind: "fixed", text: fixedText(mapping) };
  }
  const [directive, ...others] = Object.keys(mapping);
  if (directive === undefined) return { kind: "object", entries: [] };
  if (!directive.startsWith("@")) return { kind: "object", entries: entriesOf(mapping) };
  if (others.length > 0) return null;
  const given = mapping[directive] ?? null;
  switch (directive) {
    case "@path":
      return typeof given === "string" ? { kind: "path", path: given } : null;
    case "@template":
      return typeof given === "string" ? { kind: "template", text: given } : null;
    case "@if":
      return firstOf(mapping);
    case "@arrayPath":
      return eachOf(given);
    default:
      return null;
  }
}

const entriesOf = (mapping: JsonObject): Entry[] =>
  Object.entries(mapping).map(([key, value]) => ({ key, value: choiceOf(value) }));

/** A chain of `@if exists`, each with the path that it asks about. */
function firstOf(mapping: JsonObject): Choice | null {
  const paths: string[] = [];
  let rest: Json | undefined = mapping;
  for (;;) {
    const path: string | null = pathOf(rest);
    if (path !== null) return { kind: "first", paths: [...paths, path], fallback: "" };
    const asked: Json | undefined = isObject(rest) ? rest["@if"] : undefined;
    if (!isObject(asked)) break;
    const then = pathOf(asked["then"]);
    if (then === null) return null;
    paths.push(then);
    rest = asked["else"];
    if (rest === undefined) return { kind: "first", paths, fallback: "" };
  }
  if (rest === undefined || (typeof rest === "object" && rest !== null)) return null;
  return { kind: "first", paths, fallback: fixedText(rest) };
}

const pathOf = (mapping: Json | undefined): string | null => {
  if (!isObject(mapping)) return null;
  const path = mapping["@path"];
  return typeof path === "string" ? path : null;
};

function eachOf(given: Json): Choice | null {
  if (!Array.isArray(given)) return null;
  const [path, shape] = given;
  if (typeof path !== "string" || !isObject(shape)) return null;
  return { kind: "each", path, entries: entriesOf(shape) };
}

/** A mapping of a choice; undefined for the type's own. */
export function mappingOf(choice: Choice): Json | undefined {
  switch (choice.kind) {
    case "default":
      return undefined;
    case "path":
      return { "@path": choice.path };
    case "fixed":
      return fixedValue(choice.text);
    case "template":
      return { "@template": choice.text };
    case "first":
      return firstMapping(choice.paths, choice.fallback);
    case "object":
      return objectMapping(choice.entries);
    case "each":
      return { "@arrayPath": [choice.path, objectMapping(choice.entries)] };
    case "json":
      return jsonIn(choice.text) ?? null;
  }
}

const objectMapping = (entries: readonly Entry[]): JsonObject =>
  Object.fromEntries(
    entries.flatMap(({ key, value }) => {
      const mapping = mappingOf(value);
      return mapping === undefined ? [] : [[key, mapping]];
    }),
  );

function firstMapping(paths: readonly string[], fallback: string): Json {
  const [path = ITEM, ...others] = paths;
  const value = { "@path": path };
  if (others.length === 0 && fallback === "") return value;
  const rest = others.length > 0 ? firstMapping(others, fallback) : fixedValue(fallback);
  return { "@if": { exists: value, then: value, else: rest } };
}

/** What a fixed text stands for: 30, true and null are themselves, all else is text. */
export function fixedValue(text: string): Json {
  const value = jsonIn(text);
  return value === undefined || (typeof value === "object" && value !== null) ? text : value;
}

/** The text of a fixed value; a text that would be read as another value is in quotes. */
export function fixedText(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  return fixedValue(value) === value ? value : JSON.stringify(value);
}

/** The value of JSON text; undefined where it is none. */
export function jsonIn(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The choice that another kind begins with; what was told is kept where it means something. */
export function turnedInto(kind: Kind, from: Choice): Choice {
  const path = pathsIn(from)[0] ?? "";
  switch (kind) {
    case "default":
      return { kind };
    case "path":
      return { kind, path };
    case "fixed":
      return { kind, text: from.kind === "template" ? from.text : "" };
    case "template":
      return { kind, text: path === "" ? fixedIn(from) : `{{${path.replace(/^\$\./, "")}}}` };
    case "first":
      return { kind, paths: path === "" ? ["", ""] : [path, ""], fallback: fixedIn(from) };
    case "object":
      return { kind, entries: "entries" in from ? from.entries : [newEntry()] };
    case "each":
      return { kind, path, entries: "entries" in from ? from.entries : [newEntry()] };
    case "json":
      return asJson(mappingOf(from) ?? { "@path": "$." });
  }
}

export const newEntry = (): Entry => ({ key: "", value: { kind: "path", path: "" } });

const fixedIn = (from: Choice): string => (from.kind === "fixed" ? from.text : "");

function pathsIn(from: Choice): string[] {
  if (from.kind === "first") return from.paths;
  return "path" in from ? [from.path] : [];
}

/** What is wrong with a choice as it stands; null for nothing that the form knows of. */
export function choiceProblem(choice: Choice): string | null {
  switch (choice.kind) {
    case "path":
      return choice.path.trim() === "" ? "Choose a field of the event." : null;
    case "template":
      return choice.text === "" ? "Write the text." : null;
    case "first":
      return choice.paths.some((path) => path.trim() === "") ? "Choose each field." : null;
    case "json":
      return jsonIn(choice.text) === undefined ? jsonProblem(choice.text) : null;
    case "each":
      return choice.path.trim() === ""
        ? "Choose a list of the event."
        : keysProblem(choice.entries);
    case "object":
      return keysProblem(choice.entries);
    default:
      return null;
  }
}

function keysProblem(entries: readonly Entry[]): string | null {
  const keys = entries.map(({ key }) => key);
  if (keys.includes("")) return "Give each value a name.";
  if (keys.some((key) => key.startsWith("@"))) return "A name cannot begin with @.";
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  return twice === undefined ? null : `“${twice}” is there twice.`;
}

/** Whether a choice can be made into a mapping, all of what is inside it too. */
export const isWhole = (choice: Choice): boolean =>
  choiceProblem(choice) === null &&
  (!("entries" in choice) || choice.entries.every(({ value }) => isWhole(value)));

/** Why a text is not JSON, in the browser's words. */
export function jsonProblem(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof SyntaxError ? `This is not JSON: ${error.message}` : String(error);
  }
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether two values are the same, whatever the order of their keys. */
export const sameJson = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: Json) =>
    isObject(each)
      ? Object.fromEntries(Object.entries(each).sort(([x], [y]) => (x < y ? -1 : 1)))
      : each,
  ) ?? "";
