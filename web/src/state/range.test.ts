import { expect, test } from "vitest";
import {
  boundsOf,
  DEFAULT_RANGE,
  durationSeconds,
  rangeOf,
  rangeParams,
  shorterPresets,
} from "./range";

test("durations are read as the API reads them", () => {
  expect(durationSeconds("15m")).toBe(900);
  expect(durationSeconds("2w")).toBe(1_209_600);
  expect(durationSeconds("soon")).toBeNaN();
});

test("an address without a range, or with nonsense in it, means the last 24 hours", () => {
  expect(rangeOf(new URLSearchParams())).toEqual(DEFAULT_RANGE);
  expect(rangeOf(new URLSearchParams("range=soon"))).toEqual(DEFAULT_RANGE);
  expect(rangeOf(new URLSearchParams("from=2026-11-21&until=2026-11-20"))).toEqual(DEFAULT_RANGE);
});

test("a range survives the way through the address", () => {
  const range = {
    kind: "absolute",
    from: "2026-11-20T00:00:00.000Z",
    until: "2026-11-21T00:00:00.000Z",
  } as const;
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(rangeParams(range))) {
    if (value !== null) params.set(name, value);
  }
  expect(rangeOf(params)).toEqual(range);
  expect(boundsOf(range)).toEqual({ since: range.from, until: range.until });
});

test("a question over its limit is offered the two next shorter ranges", () => {
  const sinces = (range: Parameters<typeof shorterPresets>[0]) =>
    shorterPresets(range).map(({ since }) => since);
  expect(sinces({ kind: "relative", since: "30d" })).toEqual(["7d", "24h"]);
  expect(sinces({ kind: "relative", since: "15m" })).toEqual([]);
  const from = "2026-11-20T00:00:00.000Z";
  expect(sinces({ kind: "absolute", from, until: "2026-11-20T02:00:00.000Z" })).toEqual([
    "1h",
    "15m",
  ]);
});
