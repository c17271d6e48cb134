import { expect, test } from "vitest";
import type { Json } from "@/api/types";
import {
  choiceOf,
  choiceProblem,
  fixedText,
  fixedValue,
  isWhole,
  mappingOf,
  turnedInto,
} from "./choice";

const email: Json = {
  "@if": {
    exists: { "@path": "$.traits.email" },
    then: { "@path": "$.traits.email" },
    else: { "@path": "$.context.traits.email" },
  },
};

test.each<[string, Json]>([
  ["path", { "@path": "$.userId" }],
  ["fixed", "EUR"],
  ["fixed", 30],
  ["fixed", null],
  ["template", { "@template": "{{userId}} paid" }],
  ["first", email],
  ["object", { total: { "@path": "$.properties.total" }, deep: { currency: "EUR" } }],
  ["each", { "@arrayPath": ["$.properties.products", { sku: { "@path": "$.product_id" } }] }],
  ["json", { "@case": { operator: "lower", value: { "@path": "$.event" } } }],
  ["json", ["a", { "@path": "$.userId" }]],
])("a mapping of the kind %s is read and comes back as it was", (kind, mapping) => {
  const choice = choiceOf(mapping);

  expect(choice.kind).toBe(kind);
  expect(mappingOf(choice)).toEqual(mapping);
});

test.each<[string, Json]>([
  [
    "an @if that asks one path and gives another",
    { "@if": { exists: { "@path": "$.a" }, then: { "@path": "$.b" } } },
  ],
  ["an @if without an else", { "@if": { exists: { "@path": "$.a" }, then: { "@path": "$.a" } } }],
  ["a directive with metadata", { "@path": "$.a", _metadata: { label: "A" } }],
  ["an @arrayPath whose shape is a directive", { "@arrayPath": ["$.a", { "@path": "$.b" }, 3] }],
])("%s loses nothing", (_, mapping) => {
  expect(mappingOf(choiceOf(mapping))).toEqual(mapping);
});

test("a field that is left out is filled as the type does", () => {
  expect(choiceOf(undefined)).toEqual({ kind: "default" });
  expect(mappingOf({ kind: "default" })).toBeUndefined();
});

test("a fixed number is a number, and one in quotes is a text", () => {
  expect(fixedValue("30")).toBe(30);
  expect(fixedValue('"30"')).toBe("30");
  expect(fixedText("30")).toBe('"30"');
  expect(fixedText("thirty")).toBe("thirty");
});

test("the first of several fields has a value to fall back on", () => {
  const mapping = mappingOf({ kind: "first", paths: ["$.a"], fallback: "none" });

  expect(mapping).toEqual({
    "@if": { exists: { "@path": "$.a" }, then: { "@path": "$.a" }, else: "none" },
  });
});

test("a path is kept when it becomes a template or the first of several", () => {
  const path = { kind: "path", path: "$.userId" } as const;

  expect(turnedInto("template", path)).toEqual({ kind: "template", text: "{{userId}}" });
  expect(turnedInto("first", path)).toEqual({
    kind: "first",
    paths: ["$.userId", ""],
    fallback: "",
  });
});

test("what is missing is told, also inside", () => {
  const inside = { kind: "object", entries: [{ key: "a", value: { kind: "path", path: "" } }] };
  const twice = [choiceOf({ a: 1 }), choiceOf({ a: 2 })].flatMap((each) =>
    each.kind === "object" ? each.entries : [],
  );

  expect(isWhole(inside as ReturnType<typeof choiceOf>)).toBe(false);
  expect(choiceProblem({ kind: "object", entries: twice })).toBe("“a” is there twice.");
  expect(choiceProblem({ kind: "json", text: "{" })).toContain("This is not JSON");
});
