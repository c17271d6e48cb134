import { expect, test } from "vitest";
import type { SubscriptionDraft } from "@/api/types";
import { editOf, freeSlug, isComplete, moved, subscriptionOf, textProblem } from "./subscriptions";

const ORDERS: SubscriptionDraft = {
  slug: "orders",
  action: "send",
  name: "Orders",
  enabled: true,
  trigger: 'type = "track"',
  mapping: { data: { total: { "@path": "$.properties.total" } } },
};

test("a subscription that nobody touched is saved as it was", () => {
  expect(subscriptionOf(editOf(ORDERS))).toEqual(ORDERS);
});

test("a field that is filled as the type does is left out of the mapping", () => {
  const edit = { ...editOf(ORDERS), fields: { data: { kind: "default" } as const } };

  expect(subscriptionOf(edit).mapping).toEqual({});
});

test("JSON text is the whole mapping", () => {
  const edit = { ...editOf(ORDERS), json: '{"data": {"@path": "$."}}' };

  expect(subscriptionOf(edit).mapping).toEqual({ data: { "@path": "$." } });
});

test("what is not finished is not complete", () => {
  expect(isComplete(editOf(ORDERS))).toBe(true);
  expect(isComplete({ ...editOf(ORDERS), json: "[]" })).toBe(false);
  expect(isComplete({ ...editOf(ORDERS), trigger: " " })).toBe(false);
  expect(isComplete({ ...editOf(ORDERS), fields: { data: { kind: "path", path: "" } } })).toBe(
    false,
  );
  expect(textProblem("[]")).toBe("A mapping is a JSON object: { … }.");
});

test("a new one gets a slug that is free", () => {
  expect(freeSlug("Orders", [{ slug: "orders" }, { slug: "orders-2" }])).toBe("orders-3");
  expect(freeSlug("!", [])).toBe("subscription");
});

test("an item moves by one place", () => {
  expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
});
