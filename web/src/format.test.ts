import { expect, test } from "vitest";
import { formatAgo, formatDuration, formatEvents, formatMinutes } from "./format";

test("one event is not events", () => {
  expect(formatEvents(0)).toBe("0 events");
  expect(formatEvents(1)).toBe("1 event");
});

test("what both ends of a range have in common is said once", () => {
  const sameDay = formatMinutes("2026-11-21T09:30:00", "2026-11-21T10:00:00");
  const twoDays = formatMinutes("2026-11-20T09:30:00", "2026-11-21T10:00:00");
  expect(sameDay.match(/Nov/g)).toHaveLength(1);
  expect(twoDays.match(/Nov/g)).toHaveLength(2);
});

test("durations and distances take the largest unit that fits", () => {
  const now = new Date("2026-11-21T09:30:00Z");
  expect(formatDuration(12)).toBe("12 ms");
  expect(formatDuration(90_000)).toBe("1.5 min");
  expect(formatAgo("2026-11-21T07:30:00Z", now)).toContain("2");
});
