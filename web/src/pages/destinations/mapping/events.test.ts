import { expect, test } from "vitest";
import { itemAt, placesOf, searchFor, valueAt } from "./events";

const EVENT = {
  event: "Order Completed",
  properties: { "first name": "Ann", "a.b": 1, products: [{ sku: "p1" }, { sku: "p2" }] },
};

test("everything that a path can name is offered, with what is there", () => {
  expect(placesOf(EVENT)).toEqual([
    { path: "$.event", sample: "Order Completed", isList: false },
    { path: "$.properties", sample: "3 fields", isList: false },
    { path: "$.properties['first name']", sample: "Ann", isList: false },
    { path: "$.properties.products", sample: "list of 2", isList: true },
  ]);
});

test.each([
  ["$.event", "Order Completed"],
  ["properties.products[1].sku", "p2"],
  ["$.properties['first name']", "Ann"],
  ["$.properties.nothing.at.all", undefined],
])("at %s is %s", (path, value) => {
  expect(valueAt(EVENT, path)).toBe(value);
});

test("a mapping of items sees the first of them", () => {
  expect(itemAt(EVENT, "$.properties.products")).toEqual({ sku: "p1" });
  expect(itemAt(EVENT, "$.properties.none")).toBeNull();
});

test.each([
  ["all", ""],
  ['type = "track" and event = "Order Completed"', 'event:"Order Completed"'],
  ['type = "identify" or type = "group"', 'type:"identify" OR type:"group"'],
  ["event = 'A' or event = 'B'", 'event:"A" OR event:"B"'],
])("for the trigger %s, events are searched by %s", (trigger, query) => {
  expect(searchFor(trigger)).toBe(query);
});
