import { expect, test } from "vitest";
import type { DeadLetter, Delivery } from "@/api/types";
import {
  choiceOf,
  countOf,
  filtersOf,
  matchWords,
  NO_FILTERS,
  reasonOptions,
  statusOptions,
  wantedOf,
  whichWords,
} from "./letterFilters";

const NOW = new Date("2026-11-21T12:00:00Z");
const REASONS = [
  { subscription: "a", outcome: "dead letter", reason: "http-422", events: 4 },
  { subscription: "b", outcome: "dead letter", reason: "http-422", events: 1 },
  { subscription: "a", outcome: "filtered", reason: "filter", events: 90 },
];
const DELIVERY = { reasons: REASONS } as Partial<Delivery> as Delivery;

test("the address narrows the list, and what makes no sense in it does not", () => {
  const params = new URLSearchParams("reason=http-422&status=422&since=24h&q=order");

  expect(wantedOf(filtersOf(params))).toEqual({
    reason: "http-422",
    status: 422,
    since: "24h",
    text: "order",
  });
  expect(filtersOf(new URLSearchParams("status=4e2&since=yesterday"))).toEqual(NO_FILTERS);
});

test("no answer is a status to narrow by", () => {
  expect(wantedOf({ ...NO_FILTERS, status: "0" })).toEqual({ status: 0 });
});

test("what is replayed is what the list shows, with times that stay the same", () => {
  expect(choiceOf(NO_FILTERS, NOW)).toEqual({ all: true });
  expect(choiceOf({ ...NO_FILTERS, text: "order", since: "24h" }, NOW)).toEqual({
    text: "order",
    since: "2026-11-20T12:00:00.000Z",
  });
});

test("reasons are counted over subscriptions, and the chosen one is offered when none is left", () => {
  expect(reasonOptions(DELIVERY, "http-500")).toEqual([
    { value: "", label: "Every reason" },
    { value: "http-422", label: "HTTP 422 (5)" },
    { value: "http-500", label: "HTTP 500 (0)" },
  ]);
});

test("statuses are those in sight and the chosen one, in order", () => {
  const letters = [{ status: 422 }, { status: 0 }, { status: 422 }] as DeadLetter[];

  expect(statusOptions(letters, "400").map(({ label }) => label)).toEqual([
    "Every status",
    "No answer",
    "HTTP 400",
    "HTTP 422",
  ]);
});

test("a number is told where the books know it, else what must match", () => {
  const byReason = { ...NO_FILTERS, reason: "http-422" };
  const byMore = { reason: "http-422", status: "0", since: "1h", text: "order" };

  expect(whichWords(NO_FILTERS, countOf(DELIVERY, NO_FILTERS))).toBe("all 5 events");
  expect(whichWords(byReason, countOf(DELIVERY, byReason))).toBe("5 events of “HTTP 422”");
  expect(whichWords(byMore, countOf(DELIVERY, byMore))).toBe("all that match");
  expect(matchWords(byMore)).toEqual([
    "reason: HTTP 422",
    "no answer",
    "last tried: last hour",
    "with “order” in the name, the message id or the answer",
  ]);
});
