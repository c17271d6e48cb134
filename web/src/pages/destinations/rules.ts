/** How fast a destination is given events, and for how long each is tried, as it is typed. */

import type { Destination, DestinationChange } from "@/api/types";

type Rules = Destination["delivery"];
export type RulesChange = NonNullable<DestinationChange["delivery"]>;

export interface RulesDraft {
  eventsPerS: string;
  requestsAtOnce: string;
  retryHours: string;
  /** One category a line. */
  categories: string;
}

export const rulesDraftOf = (rules: Rules): RulesDraft => ({
  eventsPerS: numberText(rules.events_per_s_max),
  requestsAtOnce: numberText(rules.requests_at_once_max),
  retryHours: numberText(rules.retry_window_h),
  categories: (rules.consent_categories ?? []).join("\n"),
});

const numberText = (value: number | null | undefined): string =>
  value === null || value === undefined ? "" : String(value);

/** What would be saved: only what differs. */
export function rulesChangesOf(draft: RulesDraft, rules: Rules): RulesChange {
  const changes: RulesChange = {};
  const events = numberIn(draft.eventsPerS);
  if (events !== (rules.events_per_s_max ?? null)) changes.events_per_s_max = events;
  const requests = numberIn(draft.requestsAtOnce);
  if (requests !== (rules.requests_at_once_max ?? null)) changes.requests_at_once_max = requests;
  const hours = numberIn(draft.retryHours);
  if (hours !== (rules.retry_window_h ?? null)) changes.retry_window_h = hours;
  const categories = categoriesIn(draft.categories);
  const now = [...(rules.consent_categories ?? [])].sort();
  if (JSON.stringify(categories) !== JSON.stringify(now)) changes.consent_categories = categories;
  return changes;
}

const numberIn = (text: string): number | null => (text.trim() === "" ? null : Number(text));

const categoriesIn = (text: string): string[] =>
  [...new Set(text.split("\n").map((each) => each.trim()))].filter((each) => each !== "").sort();

/** What is wrong, by what was typed; the server knows more. */
export function rulesProblems(draft: RulesDraft): Partial<Record<keyof RulesDraft, string>> {
  const problems: Partial<Record<keyof RulesDraft, string>> = {};
  const { eventsPerS, requestsAtOnce, retryHours } = draft;
  if (!isIn(eventsPerS, Number.MIN_VALUE, 1e9)) problems.eventsPerS = "Give a number above 0.";
  if (!isIn(requestsAtOnce, 1, 64) || !Number.isInteger(Number(requestsAtOnce))) {
    problems.requestsAtOnce = "Give a whole number from 1 to 64.";
  }
  if (!isIn(retryHours, Number.MIN_VALUE, 8760)) {
    problems.retryHours = "Give a number above 0, at most 8760.";
  }
  if (categoriesIn(draft.categories).length > 100) problems.categories = "Name at most 100.";
  return problems;
}

const isIn = (text: string, least: number, most: number): boolean =>
  text.trim() === "" || (Number(text) >= least && Number(text) <= most);
