import { expect, test } from "vitest";
import { skipUntil } from "./skipping";

const NOW = new Date("2026-11-21T12:00:00Z");

test("a moment that has passed is told with its zone", () => {
  expect(skipUntil("2026-11-21T10:30:00+01:00", NOW)).toEqual({
    until: "2026-11-21T09:30:00.000Z",
    problem: null,
  });
});

test("no moment, and one to come, is not skipped until", () => {
  expect(skipUntil("", NOW).problem).toBe("Choose a day and a time.");
  expect(skipUntil("2026-11-21T12:00:01Z", NOW).problem).toBe("Choose a time that has passed.");
});
