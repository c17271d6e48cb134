import { expect, test } from "vitest";
import type { Delivery, DestinationVersion } from "@/api/types";
import {
  isBehind,
  problemWords,
  reasonWords,
  settingWords,
  sourcesWords,
  successWords,
  sumsOf,
  waitingOf,
  triedWords,
} from "./words";
import { differencesOf, doneWords } from "./versionWords";

const book = (slug: string) => ({
  slug,
  name: "",
  delivered: 5,
  filtered: 2,
  dead_letters: 1,
  discarded: 0,
  waiting: 3,
});
const delivery = (changes: Partial<Delivery>): Delivery => ({
  state: "running",
  problem: "",
  in_flight: 0,
  oldest_at: null,
  worked_at: null,
  behind_records: 0,
  subscriptions: [book("a"), book("b")],
  reasons: [],
  pace: null,
  ...changes,
});

test("the books of all subscriptions are one sum, and what is on its way waits too", () => {
  expect(sumsOf([book("a"), book("b")])).toEqual({
    delivered: 10,
    filtered: 4,
    dead: 2,
    discarded: 0,
    waiting: 6,
  });
  expect(waitingOf(delivery({ in_flight: 4 }))).toBe(10);
});

test("only one that does not run is behind, by more than what is on its way", () => {
  expect(isBehind(delivery({ behind_records: 9 }))).toBe(false);
  expect(isBehind(delivery({ behind_records: 9, state: "disabled" }))).toBe(true);
  expect(isBehind(delivery({ behind_records: 9, state: "down", in_flight: 9 }))).toBe(false);
});

test("a success that the server does not know of any more is not said to be missing", () => {
  const now = new Date("2026-11-21T12:00:00Z");

  expect(successWords(delivery({ worked_at: "2026-11-21T11:59:00Z" }), now)).toMatch(/^1 min/);
  expect(successWords(delivery({}), now)).toBe("none lately");
  expect(successWords(delivery({ subscriptions: [] }), now)).toBe("none yet");
});

test("reasons, sources and settings are told in words", () => {
  expect(reasonWords("http-503")).toBe("HTTP 503");
  expect(reasonWords("no-answer")).toBe("no answer");
  expect(problemWords("no-answer: it timed out")).toBe("No answer: it timed out");
  expect(problemWords("the answer was 401: who?")).toBe("The answer was 401: who?");
  expect(sourcesWords(null)).toBe("all sources");
  expect(sourcesWords(["shop", "app", "blog"])).toBe("shop and 2 more");
  expect([null, "***", true, { A: "1" }, {}].map(settingWords)).toEqual([
    "Not set",
    "Set",
    "Yes",
    "A: 1",
    "None",
  ]);
});

const version = (changes: Partial<DestinationVersion>): DestinationVersion => ({
  version: 2,
  at: "2026-11-21T12:00:00Z",
  actor: "owner",
  name: "Hub",
  enabled: true,
  filters: [],
  subscriptions: null,
  delivery: {
    events_per_s_max: null,
    requests_at_once_max: null,
    retry_window_h: null,
    consent_categories: [],
  },
  sources: null,
  settings: { url: "https://a.example", token: null, timeout_s: 10 },
  ...changes,
});

test("filters and subscriptions are told to have changed, not how", () => {
  const after = version({
    filters: [{ if: 'type = "track"', actions: [] }],
    subscriptions: [{ slug: "orders", action: "send" }],
  });

  expect(differencesOf(version({}), after)).toEqual(["the filters", "the subscriptions"]);
});

test("a version tells what it changed, of secrets no more than that", () => {
  const before = version({});
  const after = version({
    enabled: false,
    sources: ["shop"],
    settings: { url: "https://b.example", token: "***", timeout_s: 10 },
  });

  expect(differencesOf(before, after)).toEqual([
    "state from enabled to disabled",
    "sources from all sources to shop",
    "URL from “https://a.example” to “https://b.example”",
    "token, which is set now",
  ]);
  expect(doneWords(after, null)).toBe("made the destination");
  expect(doneWords(before, before)).toBe("replaced a secret");
});

test("an event that nobody tried yet is not told to have been tried 0 times", () => {
  expect([0, 1, 12].map(triedWords)).toEqual(["not tried yet", "tried once", "tried 12 times"]);
});
