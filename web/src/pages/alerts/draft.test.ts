import { describe, expect, it } from "vitest";
import type { Alert } from "@/api/types";
import { changesOf, draftOf, FIRST, givenOf, newPlace, problemsOf, type Draft } from "./draft";
import { durationWords, secondsOf, typedOf } from "./durations";
import { conditionsWords, placeWords } from "./words";

const ALERT: Alert = {
  slug: "on-call",
  name: "On call",
  enabled: true,
  destinations: ["orders-hook", "lake"],
  when: {
    down_for_s: 300,
    suspended_for_s: null,
    oldest_older_than_s: 90,
    dead_letters_more_than: 0,
    dead_letters_within_s: 7200,
  },
  repeat_every_h: 0.5,
  notify: [
    { slug: "slack", type: "slack", url: "https://hooks.slack.com/***", secret: null },
    { slug: "pager", type: "webhook", url: "https://pager.example.com/***", secret: "***" },
  ],
  version: 3,
  created_at: "2026-11-21T09:00:00Z",
  updated_at: "2026-11-21T09:00:00Z",
  standing: {
    state: "ok",
    firing: [],
    firing_count: 0,
    notified_at: null,
    waiting: 0,
    problem: "",
  },
};

const SET = draftOf(ALERT);

const withPlace = (draft: Draft, index: number, edited: object): Draft => ({
  ...draft,
  places: draft.places.map((place, here) => (here === index ? { ...place, ...edited } : place)),
});

describe("durations", () => {
  it("are typed in the largest unit without a rest, and read back the same", () => {
    const all = [1, 45, 60, 90, 3_600, 5_400, 86_400];
    expect(all.map(typedOf)).toEqual(["1s", "45s", "1m", "90s", "1h", "90m", "1d"]);
    expect(all.map((seconds) => secondsOf(typedOf(seconds)))).toEqual(all);
    expect([secondsOf(" 5 M "), secondsOf("5"), secondsOf("soon")]).toEqual([300, null, null]);
  });

  it("are said with their unit", () => {
    expect([60, 300, 86_400].map(durationWords)).toEqual(["1 minute", "5 minutes", "1 day"]);
  });
});

describe("the form of an alert", () => {
  it("changes nothing of an alert that nobody touched", () => {
    expect(changesOf(SET, ALERT)).toEqual({});
    expect(changesOf({ ...SET, destinations: ["lake", "orders-hook"] }, ALERT)).toEqual({});
  });

  it("sends a changed part whole, with what is secret as it was read", () => {
    const places = [...SET.places, { ...newPlace("slack", SET.places), url: "https://x.org/a" }];
    expect(changesOf({ ...SET, repeat: "", places }, ALERT)).toEqual({
      repeat_every_h: null,
      notify: [
        { slug: "slack", type: "slack", url: "https://hooks.slack.com/***", secret: null },
        { slug: "pager", type: "webhook", url: "https://pager.example.com/***", secret: "***" },
        { slug: "slack-2", type: "slack", url: "https://x.org/a", secret: null },
      ],
    });
  });

  it("removes a secret that was set, and keeps one whose field was opened and left", () => {
    const secretIn = (secret: unknown) =>
      givenOf(withPlace(SET, 1, { secret })).notify.map((place) => place.secret);
    expect(secretIn("none")).toEqual([null, null]);
    expect(secretIn({ text: "new" })).toEqual([null, "new"]);
    expect(secretIn({ text: "" })).toEqual([null, "***"]);
  });

  it("tells what is wrong by the names of the API's fields", () => {
    const wrong: Draft = {
      ...FIRST,
      destinations: [],
      when: {
        down_for_s: "soon",
        suspended_for_s: "31d",
        oldest_older_than_s: null,
        dead_letters_more_than: "10001",
      },
      within: "0s",
      repeat: "-1",
    };
    expect(Object.keys(problemsOf(wrong)).sort()).toEqual([
      "destinations",
      "notify[0].url",
      "repeat_every_h",
      "when.dead_letters_more_than",
      "when.dead_letters_within_s",
      "when.down_for_s",
      "when.suspended_for_s",
    ]);
  });

  it("needs a condition and somebody to tell, each with a name of its own", () => {
    const none = { ...SET.when, down_for_s: null, oldest_older_than_s: null };
    const when = { ...none, dead_letters_more_than: null };
    expect(Object.keys(problemsOf({ ...SET, when, places: [] }))).toEqual(["when", "notify"]);
    expect(problemsOf(withPlace(SET, 1, { slug: "slack" }))).toHaveProperty(["notify[1].slug"]);
    expect(problemsOf(SET)).toEqual({});
  });
});

describe("an alert in words", () => {
  it("says each condition", () => {
    expect(conditionsWords(ALERT.when)).toEqual([
      "down for 5 minutes",
      "oldest event older than 90 seconds",
      "more than 0 dead letters within 2 hours",
    ]);
  });

  it("names places by their host", () => {
    expect(ALERT.notify.map(placeWords)).toEqual([
      "Slack (hooks.slack.com)",
      "Webhook (pager.example.com)",
    ]);
  });
});
