import { expect, test } from "vitest";
import type { Source } from "@/api/types";
import { changesOf, draftOf, isSameToEdit, limitProblem } from "./draft";

const SHOP: Source = {
  slug: "shop",
  name: "Shop",
  kind: "web",
  enabled: true,
  managed_by: "api",
  ip: "keep",
  requests_per_s_max: 500,
  webhook_secret: "***",
  write_keys: ["key-1"],
  json: {},
  created_at: "2026-11-21T09:00:00Z",
  updated_at: "2026-11-21T09:00:00Z",
  collect_url: "http://127.0.0.1:8282",
  events_per_min: 0,
  events_24h: 0,
  invalid_24h: 0,
  last_event_at: null,
};

test("only what differs is sent, and a kept secret never is", () => {
  expect(changesOf(draftOf(SHOP), SHOP)).toEqual({});
  expect(changesOf({ ...draftOf(SHOP), name: "Tea shop", ip: "drop" }, SHOP)).toEqual({
    name: "Tea shop",
    ip: "drop",
  });
});

test("an empty limit takes it away, and the same number changes nothing", () => {
  expect(changesOf({ ...draftOf(SHOP), limit: " " }, SHOP)).toEqual({ requests_per_s_max: null });
  expect(changesOf({ ...draftOf(SHOP), limit: "500.0" }, SHOP)).toEqual({});
});

test("a secret is set or taken away", () => {
  expect(changesOf({ ...draftOf(SHOP), secret: { text: "new" } }, SHOP)).toEqual({
    webhook_secret: "new",
  });
  expect(changesOf({ ...draftOf(SHOP), secret: "remove" }, SHOP)).toEqual({ webhook_secret: null });
  expect(changesOf({ ...draftOf(SHOP), secret: { text: "" } }, SHOP)).toEqual({});
});

test("a limit must be a number above zero", () => {
  for (const limit of ["", "0.5", "500", " 20 "]) expect(limitProblem(limit), limit).toBeNull();
  for (const limit of ["0", "-1", "many", "Infinity", "2e9"]) {
    expect(limitProblem(limit), limit).not.toBeNull();
  }
});

test("traffic and being disabled disturb nobody who edits, a new name does", () => {
  expect(isSameToEdit(SHOP, { ...SHOP, enabled: false, events_24h: 7 })).toBe(true);
  expect(isSameToEdit(SHOP, { ...SHOP, name: "Tea" })).toBe(false);
  expect(isSameToEdit(SHOP, { ...SHOP, webhook_secret: null })).toBe(false);
});
