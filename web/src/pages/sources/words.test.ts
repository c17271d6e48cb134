import { expect, test } from "vitest";
import type { Source } from "@/api/types";
import { lastEventWords, OVERLAPS } from "./words";

const NOW = new Date("2026-11-21T12:00:00Z");
const source = (last_event_at: string | null, created_at: string | null) =>
  ({ last_event_at, created_at }) as Source;

test("the last event is told by its age", () => {
  expect(lastEventWords(source("2026-11-21T11:59:59.500Z", null), NOW)).toBe("just now");
  expect(lastEventWords(source("2026-11-21T11:55:00Z", null), NOW)).toMatch(/^5 min/);
  // The clocks of server and browser differ a little.
  expect(lastEventWords(source("2026-11-21T12:00:02Z", null), NOW)).toBe("just now");
});

test("without an event, only a young source surely had none", () => {
  expect(lastEventWords(source(null, "2026-11-20T12:00:00Z"), NOW)).toBe("none yet");
  expect(lastEventWords(source(null, "2026-09-01T12:00:00Z"), NOW)).toBe("none in 30 days");
  expect(lastEventWords(source(null, null), NOW)).toBe("none in 30 days");
});

test("the longest overlap comes first, and keeping the keys is one of the choices", () => {
  expect(OVERLAPS.map(({ seconds }) => seconds)).toEqual([null, 604_800, 86_400, 3_600, 0]);
});
