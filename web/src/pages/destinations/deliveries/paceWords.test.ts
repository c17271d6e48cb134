import { expect, test } from "vitest";
import type { Delivery, DeliveryPace } from "@/api/types";
import {
  backlogEvents,
  backlogWords,
  hurriedWords,
  mostWords,
  nextWords,
  sampleWords,
  sizeWords,
} from "./paceWords";

const NOW = new Date("2026-11-21T12:00:00Z");

const delivery = (backlog: number | null, more: Partial<Delivery> = {}): Delivery => ({
  state: "running",
  problem: "",
  in_flight: 0,
  oldest_at: null,
  worked_at: null,
  behind_records: 0,
  pace:
    backlog === null
      ? null
      : ({ backlog_events: backlog } as Partial<DeliveryPace> as DeliveryPace),
  subscriptions: [],
  reasons: [],
  ...more,
});

test("the backlog is a number, about one where a part was not read, or unknown", () => {
  expect(backlogWords(delivery(0))).toBe("0");
  expect(backlogWords(delivery(8, { in_flight: 8, behind_records: 1 }))).toBe("8");
  expect(backlogWords(delivery(412, { in_flight: 8, behind_records: 40 }))).toBe("about 412");
  expect(backlogWords(delivery(0, { state: "drained", behind_records: 2 }))).toBe("some");
  expect(backlogWords(delivery(null, { state: "disabled", behind_records: 2 }))).toBe("some");
});

test("the question before a skip says how many it is about", () => {
  expect(backlogEvents(delivery(0))).toBe("Just now, no events are");
  expect(backlogEvents(delivery(1, { in_flight: 1 }))).toBe("Just now, 1 event is");
});

test("an amount has the unit that keeps it short", () => {
  expect([0, 812, 1_200, 3_400_000].map(sizeWords)).toEqual(["0 B", "812 B", "1.2 kB", "3.4 MB"]);
});

test("what was not measured is not told", () => {
  expect(mostWords(null)).toBe("");
  expect(mostWords(121)).toBe("99 of 100 within 121 ms");
});

test("an event waits for its time, or for the one before it", () => {
  const next_at = "2026-11-21T12:00:30Z";

  expect(nextWords({ is_first: true, next_at }, NOW)).toBe("next try in 30 sec.");
  expect(nextWords({ is_first: true, next_at: "2026-11-21T11:59:00Z" }, NOW)).toBe("is tried now");
  expect(nextWords({ is_first: false, next_at }, NOW)).toContain("behind another one");
});

test("a sample says which part it is, and all of them says nothing", () => {
  expect(sampleWords(false, 1)).toBe("");
  expect(sampleWords(true, 0.126)).toContain("12.6%");
  expect(sampleWords(true, 0.0004)).toContain("less than 1%");
});

test("what was due already is told as such", () => {
  expect([0, 1, 12].map(hurriedWords)).toEqual([
    "Everything was due already.",
    "1 event is tried now.",
    "12 events are tried now.",
  ]);
});
