import { describe, expect, it } from "vitest";
import type { DestinationSummary } from "@/api/types";
import { ageOf, backlogOf, lastWords } from "./glance";

const NOW = new Date("2026-11-21T12:00:00Z");

const SUMMARY: NonNullable<DestinationSummary["delivery"]> = {
  state: "running",
  problem: "",
  oldest_at: "2026-11-21T11:58:00Z",
  worked_at: "2026-11-21T11:59:00Z",
  behind_records: 3,
  backlog_events: 40,
  events_per_s_60s: 2.5,
  waiting: 7,
  dead_letters: 0,
};

describe("the backlog of a destination", () => {
  it("is what was told, and what waits where nothing is behind", () => {
    expect(backlogOf(SUMMARY)).toBe(40);
    expect(backlogOf({ ...SUMMARY, backlog_events: null, behind_records: 0 })).toBe(7);
  });

  it("is not known while records lie in the log that nobody has counted", () => {
    expect(backlogOf({ ...SUMMARY, backlog_events: null })).toBeNull();
  });

  it("has an age while there is any, never below none", () => {
    expect(ageOf(SUMMARY, NOW)).toBe(120_000);
    expect(ageOf({ ...SUMMARY, backlog_events: 0 }, NOW)).toBeNull();
    expect(ageOf({ ...SUMMARY, oldest_at: null }, NOW)).toBeNull();
    expect(ageOf({ ...SUMMARY, oldest_at: "2026-11-21T12:00:01Z" }, NOW)).toBe(0);
  });
});

describe("the last success of a destination", () => {
  it("is not known from before the start of the server", () => {
    expect(lastWords(SUMMARY, NOW)).toContain("1");
    expect(lastWords({ ...SUMMARY, worked_at: null }, NOW)).toBe("none lately");
  });
});
