import { describe, expect, it } from "vitest";
import type { Backfill } from "@/api/types";
import { lengthWords, movesOf, percentOf, progressWords, settledOf, shareOf } from "./words";

const BACKFILL: Backfill = {
  id: 7,
  state: "running",
  problem: "",
  since: "2026-11-01T00:00:00Z",
  until: "2026-11-08T00:00:00Z",
  query: "",
  sources: null,
  events_per_s_max: 1000,
  selected: 200,
  fed: 150,
  ended: 120,
  delivered: 80,
  filtered: 20,
  dead_letters: 15,
  discarded: 5,
  waiting: 10,
  to_come: 70,
  subscriptions: [],
  created_at: "2026-11-08T09:00:00Z",
  created_by: "ada@example.com",
  ended_at: null,
};

const withFields = (fields: Partial<Backfill>): Backfill => ({ ...BACKFILL, ...fields });

describe("how far a backfill is", () => {
  it("counts what has an outcome, not what waits to be tried again", () => {
    expect(settledOf(BACKFILL)).toBe(120);
    expect(shareOf(BACKFILL)).toBe(0.6);
  });

  it("is not known before its events are counted, and all of nothing is done", () => {
    const none = { delivered: 0, filtered: 0, dead_letters: 0, discarded: 0, waiting: 0 };
    expect(shareOf(withFields({ to_come: null }))).toBeNull();
    expect(shareOf(withFields({ ...none, to_come: 0 }))).toBe(1);
  });

  it("is never rounded to all or to nothing", () => {
    expect([0, 0.001, 0.5, 0.999, 1].map(percentOf)).toEqual([0, 1, 50, 99, 100]);
  });

  it("is told without an end while that is not known", () => {
    expect(progressWords(BACKFILL)).toBe("120 of 200 events");
    expect(progressWords(withFields({ selected: null }))).toBe("120 events so far");
    expect(progressWords(withFields({ selected: null, fed: 0 }))).toBe("");
  });
});

describe("what can be done with a backfill", () => {
  it("is nothing once it is over", () => {
    expect(movesOf(withFields({ state: "queued" }))).toEqual(["pause", "cancel"]);
    expect(movesOf(withFields({ state: "paused" }))).toEqual(["resume", "cancel"]);
    for (const state of ["done", "canceled", "failed"] as const) {
      expect(movesOf(withFields({ state }))).toEqual([]);
    }
  });
});

describe("how long a backfill takes", () => {
  it("is said roughly, in a unit that fits", () => {
    expect(lengthWords(900, 1000)).toBe("less than a minute");
    expect(lengthWords(60_000, 1000)).toBe("about 1 minute");
    expect(lengthWords(600_000, 1000)).toBe("about 10 minutes");
    expect(lengthWords(10_800_000, 1000)).toBe("about 3 hours");
    expect(lengthWords(1_000_000_000, 1000)).toBe("about 12 days");
  });

  it("is not said without a limit, or for no event", () => {
    expect([lengthWords(900, null), lengthWords(0, 10)]).toEqual(["", ""]);
  });
});
