import { expect, test } from "vitest";
import type { TrackedEvent } from "@/api/types";
import { eventRow, placeOfKey, previewOf, titleOf } from "./rows";

const EVENT: TrackedEvent = {
  message_id: "m/1",
  type: "track",
  event: "Order Completed",
  name: "",
  user_id: "u-1",
  anonymous_id: "",
  group_id: "",
  previous_id: "a-1",
  source: "shop",
  timestamp: "2026-11-21T09:30:00.123456Z",
  original_timestamp: null,
  sent_at: null,
  received_at: "2026-11-21T09:30:00.323456Z",
  properties: {},
  traits: {},
  context: {},
  integrations: {},
  ip: "",
  browser: "",
  os: "",
  device: "",
  is_bot: false,
  campaign_name: "",
  campaign_source: "",
  campaign_medium: "",
  campaign_term: "",
  campaign_content: "",
  library: "",
};

test("a row's key leads back to its event, slashes in the id included", () => {
  expect(placeOfKey(eventRow(EVENT).key)).toEqual({ source: "shop", messageId: "m/1" });
});

test("the key of an event that was set aside leads to no stored event", () => {
  expect(placeOfKey("!0/17/3")).toBeNull();
});

test("each type is called what a person would call it", () => {
  const page = { ...EVENT, type: "page" as const, event: "", properties: { path: "/cart" } };
  const identify = { ...EVENT, type: "identify" as const, traits: { email: "ada@example.com" } };
  expect(titleOf(EVENT)).toBe("Order Completed");
  expect(titleOf(page)).toBe("/cart");
  expect(titleOf(identify)).toBe("ada@example.com");
  expect(titleOf({ ...EVENT, type: "alias" })).toBe("a-1 → u-1");
});

test("the preview shows short values, in the sender's order", () => {
  const properties = {
    price: 12.5,
    tags: ["a", "b"],
    box: { w: 1 },
    note: "x".repeat(90),
    none: null,
  };
  expect(previewOf({ ...EVENT, properties })).toEqual([
    ["price", "12.5"],
    ["tags", "[2]"],
    ["box", "{1}"],
    ["note", `${"x".repeat(59)}…`],
    ["none", "null"],
  ]);
});
