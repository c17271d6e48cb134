import { expect, test } from "vitest";
import { filterBy, filterOut, phrase, queryOfFilters } from "./query";

test("a value is quoted whole, whatever it holds", () => {
  expect(phrase('say "hi" \\ AND bye')).toBe('"say \\"hi\\" \\\\ AND bye"');
});

test("a click narrows an empty query to one clause", () => {
  expect(filterBy("", "event", "Order Completed")).toBe('event:"Order Completed"');
});

test("clauses joined by AND stay flat, however often one clicks", () => {
  const once = filterBy("type:track", "event", "A AND B");
  const twice = filterOut(once, "properties.plan", "pro");
  expect(once).toBe('type:track AND event:"A AND B"');
  expect(twice).toContain('AND NOT properties.plan:"pro"');
});

test.each(["a OR b", "red shoes", "type:track event:Signup", "+type:page -name:Home"])(
  "%s is kept together, as it would mean something else beside AND",
  (query) => {
    expect(filterBy(query, "type", "page")).toBe(`(${query}) AND type:"page"`);
  },
);

test("events that lack a field can be kept or left out", () => {
  expect(filterBy("", "user_id", "")).toBe("NOT _exists_:user_id");
  expect(filterOut("desk", "user_id", "")).toBe("desk AND _exists_:user_id");
});

test("a field's name is escaped where the query language would read it as its own", () => {
  expect(filterBy("", "properties.order id", "7")).toBe('properties.order\\ id:"7"');
});

test("the filters of a live tail become the question for what came before", () => {
  expect(queryOfFilters({ source: "", type: "", text: "" })).toBe("");
  expect(queryOfFilters({ source: "shop", type: "track", text: "oak desk" })).toBe(
    'source:"shop" AND type:"track" AND "oak desk"',
  );
});
