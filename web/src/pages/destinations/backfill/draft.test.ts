import { describe, expect, it } from "vitest";
import { askedOf, FIRST, paceOf, problemsOf } from "./draft";

const NOW = new Date("2026-11-21T12:00:00.000Z");

describe("what is asked for", () => {
  it("is a duration as two instants, so that what was counted is what is sent", () => {
    const asked = askedOf({ ...FIRST, range: { kind: "relative", since: "24h" } }, NOW);
    expect([asked.since, asked.until]).toEqual([
      "2026-11-20T12:00:00.000Z",
      "2026-11-21T12:00:00.000Z",
    ]);
  });

  it("leaves the choice of subscriptions to the server until some are chosen", () => {
    expect(askedOf(FIRST, NOW)).not.toHaveProperty("subscriptions");
    expect(askedOf({ ...FIRST, subscriptions: ["send"] }, NOW).subscriptions).toEqual(["send"]);
  });

  it("takes an empty pace for no limit", () => {
    expect([paceOf(FIRST), paceOf({ ...FIRST, pace: " " })]).toEqual([1000, null]);
  });
});

describe("what is wrong with a draft", () => {
  it("is nothing at first, nor without a limit", () => {
    expect([problemsOf(FIRST), problemsOf({ ...FIRST, pace: "" })]).toEqual([{}, {}]);
  });

  it("is a pace that is no number of events", () => {
    for (const pace of ["0", "1.5", "fast", "-3", "1000001"]) {
      expect(problemsOf({ ...FIRST, pace })).toHaveProperty("pace");
    }
  });

  it("is a choice of nothing", () => {
    expect(Object.keys(problemsOf({ ...FIRST, sources: [], subscriptions: [] }))).toEqual([
      "sources",
      "subscriptions",
    ]);
  });
});
