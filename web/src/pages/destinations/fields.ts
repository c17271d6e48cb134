/** The settings of a destination's type, as its JSON Schema describes them. */

import type { Json, JsonObject } from "@/api/types";

export type Shape = "text" | "choice" | "number" | "flag" | "secret" | "pairs";

export interface SettingField {
  name: string;
  label: string;
  about: string;
  shape: Shape;
  isRequired: boolean;
  /** What holds where nothing is set; null for nothing. */
  fallback: Json;
  choices: readonly string[];
  isWhole: boolean;
  minimum: number | null;
  maximum: number | null;
  lengthMax: number | null;
  pattern: string | null;
  isUrl: boolean;
}

/** The settings in the schema's order: the required ones first. */
export function fieldsOf(schema: JsonObject): SettingField[] {
  const required = listOf(schema["required"]);
  return Object.entries(objectOf(schema["properties"])).map(([name, about]) =>
    fieldOf(name, objectOf(about), required.includes(name)),
  );
}

function fieldOf(name: string, about: JsonObject, isRequired: boolean): SettingField {
  return {
    name,
    label: labelOf(name),
    about: textOf(about["description"]),
    shape: shapeOf(about),
    isRequired,
    fallback: about["default"] ?? null,
    choices: listOf(about["enum"]).filter((each) => typeof each === "string"),
    isWhole: typeOf(about) === "integer",
    minimum: numberOf(about["minimum"]),
    maximum: numberOf(about["maximum"]),
    lengthMax: numberOf(about["maxLength"]),
    pattern: textOf(about["pattern"]) || null,
    isUrl: about["format"] === "uri",
  };
}

/** The type of the value; what may be null too is the other type. */
function typeOf(about: JsonObject): string {
  const type = about["type"];
  if (!Array.isArray(type)) return textOf(type);
  return textOf(type.find((each) => each !== "null"));
}

function shapeOf(about: JsonObject): Shape {
  if (about["writeOnly"] === true) return "secret";
  if (about["enum"] !== undefined) return "choice";
  switch (typeOf(about)) {
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "flag";
    case "object":
      return "pairs";
    default:
      return "text";
  }
}

const ACRONYMS: Record<string, string> = {
  url: "URL",
  arn: "ARN",
  api: "API",
  id: "ID",
  ip: "IP",
  aws: "AWS",
  sts: "STS",
};

const LEAST_AND_MOST: Record<string, string> = { min: ", at least", max: ", at most" };

const UNITS: Record<string, string> = { s: " in seconds", ms: " in milliseconds" };

/** A setting's name for people: `timeout_s` is "Timeout in seconds". */
export function labelOf(name: string): string {
  const words = name.split("_");
  const bound = words.length > 1 ? LEAST_AND_MOST[words.at(-1) ?? ""] : undefined;
  if (bound !== undefined) words.pop();
  const unit = words.length > 1 ? UNITS[words.at(-1) ?? ""] : undefined;
  if (unit !== undefined) words.pop();
  const told = words.map((word) => ACRONYMS[word] ?? word).join(" ");
  return told.charAt(0).toUpperCase() + told.slice(1) + (unit ?? "") + (bound ?? "");
}

/** A text in which other settings are called by their labels. */
export function withLabels(text: string, fields: readonly SettingField[]): string {
  return fields
    .filter(({ name }) => name.includes("_"))
    .reduce(
      (told, { name, label }) => told.replace(new RegExp(`\\b${name}\\b`, "g"), `“${label}”`),
      text,
    );
}

const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const numberOf = (value: Json | undefined): number | null =>
  typeof value === "number" ? value : null;
