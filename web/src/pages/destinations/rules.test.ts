import { expect, test } from "vitest";
import { rulesChangesOf, rulesDraftOf, rulesProblems } from "./rules";

const RULES = {
  events_per_s_max: 50,
  requests_at_once_max: null,
  retry_window_h: null,
  consent_categories: ["ads", "stats"],
};

test("what nobody touched changes nothing", () => {
  expect(rulesChangesOf(rulesDraftOf(RULES), RULES)).toEqual({});
});

test("only what was changed is sent, and an empty field leaves it to Tailrace", () => {
  const draft = {
    ...rulesDraftOf(RULES),
    eventsPerS: "",
    retryHours: "1.5",
    categories: " stats \nads\nads\nads 2\n",
  };

  expect(rulesChangesOf(draft, RULES)).toEqual({
    events_per_s_max: null,
    retry_window_h: 1.5,
    consent_categories: ["ads", "ads 2", "stats"],
  });
});

test("what is no number in its bounds is told", () => {
  const draft = { eventsPerS: "0", requestsAtOnce: "2.5", retryHours: "x", categories: "" };

  expect(Object.keys(rulesProblems(draft))).toEqual(["eventsPerS", "requestsAtOnce", "retryHours"]);
  expect(rulesProblems(rulesDraftOf(RULES))).toEqual({});
});
