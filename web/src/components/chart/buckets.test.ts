import { expect, test } from "vitest";
import { bucketsOf, ticksOf } from "./buckets";

const HOUR_S = 3600;

const hours = (count: number) =>
  bucketsOf({
    interval_s: HOUR_S,
    total: count,
    took_ms: 1,
    notes: [],
    buckets: Array.from({ length: count }, (_, index) => ({
      at: new Date(Date.UTC(2026, 10, 21, index)).toISOString(),
      events: index,
    })),
  });

test("a bucket ends where the next one begins", () => {
  const buckets = hours(3);
  expect(buckets[0]?.until).toEqual(buckets[1]?.from);
});

test("labels are no more than fit, at round local times", () => {
  const buckets = hours(48);
  const ticks = ticksOf(buckets, 8);
  expect(ticks.size).toBeGreaterThan(2);
  expect(ticks.size).toBeLessThanOrEqual(9);
  for (const index of ticks.keys()) {
    expect((buckets[index]?.from.getHours() ?? -1) % 6).toBe(0);
  }
});

test("nothing to show needs no labels", () => {
  expect(ticksOf([], 8).size).toBe(0);
});
