/** Delivery alerts, in words. */

import type { Alert, AlertConditions, AlertStanding } from "@/api/types";
import { formatCount } from "@/format";
import { durationWords } from "./durations";

interface StateWords {
  label: string;
  tone: "good" | "warn" | "bad";
}

export const STATES: Record<AlertStanding["state"], StateWords> = {
  ok: { label: "All well", tone: "good" },
  firing: { label: "Trouble", tone: "bad" },
  disabled: { label: "Disabled", tone: "warn" },
};

export const nameOf = ({ name, slug }: Pick<Alert, "name" | "slug">): string => name || slug;

/** "All destinations", "orders-hook", "orders-hook and 2 more". */
export function watchedWords(destinations: readonly string[] | null): string {
  if (destinations === null) return "All destinations";
  const [first = "no destination", ...others] = destinations;
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

/** What is trouble, one phrase for each condition: "down for 5 minutes". */
export function conditionsWords(when: AlertConditions): string[] {
  const {
    down_for_s: down = null,
    suspended_for_s: suspended = null,
    oldest_older_than_s: oldest = null,
    dead_letters_more_than: letters = null,
    dead_letters_within_s: within = 3_600,
  } = when;
  return [
    ...(down === null ? [] : [`down for ${durationWords(down)}`]),
    ...(suspended === null ? [] : [`suspended for ${durationWords(suspended)}`]),
    ...(oldest === null ? [] : [`oldest event older than ${durationWords(oldest)}`]),
    ...(letters === null
      ? []
      : [
          `more than ${letters === 1 ? "1 dead letter" : `${formatCount(letters)} dead letters`} ` +
            `within ${durationWords(within)}`,
        ]),
  ];
}

/** "1 destination in trouble", "3 destinations in trouble". */
export const firingWords = (count: number): string =>
  `${count === 1 ? "1 destination" : `${formatCount(count)} destinations`} in trouble`;

export const TYPES = { slack: "Slack", webhook: "Webhook" } as const;

/** Where people are told: "Slack (hooks.slack.com)". */
export function placeWords({ type, url }: { type: keyof typeof TYPES; url: string }): string {
  const host = /^[a-z]+:\/\/([^/]+)/.exec(url)?.[1];
  return host === undefined ? TYPES[type] : `${TYPES[type]} (${host})`;
}

/** "1 message waits and is tried again". */
export const waitingWords = (count: number): string =>
  count === 1
    ? "1 message waits and is tried again."
    : `${formatCount(count)} messages wait and are tried again.`;
