/** The subscriptions of a destination as they are edited, and what they say. */

import type {
  ActionDetails,
  DestinationTypeDetails,
  JsonObject,
  Preset,
  SubscriptionDraft,
} from "@/api/types";
import { slugOf } from "@/pages/sources/slug";
import { choiceOf, isObject, isWhole, jsonIn, jsonProblem, mappingOf, type Choice } from "./choice";

export interface SubscriptionEdit {
  slug: string;
  action: string;
  name: string;
  isEnabled: boolean;
  trigger: string;
  /** By the action's fields; a field that is left out is filled as the type does. */
  fields: Readonly<Record<string, Choice>>;
  /** The whole mapping as JSON text where it is written so; null where field by field. */
  json: string | null;
}

export const SUBSCRIPTIONS_MAX = 50;

export function editOf(subscription: SubscriptionDraft): SubscriptionEdit {
  const { slug, action, name = "", enabled = true, trigger = "all", mapping = {} } = subscription;
  return { slug, action, name, isEnabled: enabled, trigger, fields: fieldsOf(mapping), json: null };
}

export const fieldsOf = (mapping: JsonObject): Record<string, Choice> =>
  Object.fromEntries(Object.entries(mapping).map(([name, value]) => [name, choiceOf(value)]));

/** Those that a destination has of its type while it has none of its own. */
export const ownOfType = ({ actions }: DestinationTypeDetails): SubscriptionDraft[] =>
  actions.map(({ slug, name, trigger }) => ({ slug, action: slug, name, trigger }));

/** What is saved. */
export function subscriptionOf(edit: SubscriptionEdit): SubscriptionDraft {
  const { slug, action, name, isEnabled, trigger } = edit;
  return { slug, action, name, enabled: isEnabled, trigger, mapping: wholeMapping(edit) };
}

/** The mapping of all fields; that of JSON text which is none is empty. */
export function wholeMapping({ fields, json }: SubscriptionEdit): JsonObject {
  if (json !== null) {
    const value = jsonIn(json);
    return isObject(value) ? value : {};
  }
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, choice]) => {
      const mapping = mappingOf(choice);
      return mapping === undefined ? [] : [[name, mapping]];
    }),
  );
}

/** What is wrong with the JSON text of a mapping; null for nothing. */
export function textProblem(text: string): string | null {
  const problem = jsonProblem(text);
  if (problem !== null) return problem;
  return isObject(jsonIn(text)) ? null : "A mapping is a JSON object: { … }.";
}

/** Whether it can be asked about and saved, as far as the form knows. */
export const isComplete = ({ json, fields, trigger }: SubscriptionEdit): boolean =>
  trigger.trim() !== "" &&
  (json === null ? Object.values(fields).every(isWhole) : textProblem(json) === null);

/** A subscription of a preset, with a slug that none of the others has. */
export function editOfPreset(
  preset: Preset,
  others: readonly SubscriptionEdit[],
): SubscriptionEdit {
  const { slug, name, action, trigger, mapping } = preset;
  return editOf({ slug: freeSlug(slug, others), name, action, trigger, mapping });
}

/** A subscription to an action as its type does it. */
export function editOfAction(
  { slug, name, trigger }: ActionDetails,
  others: readonly SubscriptionEdit[],
): SubscriptionEdit {
  return editOf({ slug: freeSlug(slug, others), action: slug, name, trigger });
}

/** The slug, or with the first number at its end that is free. */
export function freeSlug(wanted: string, others: readonly { slug: string }[]): string {
  const taken = new Set(others.map(({ slug }) => slug));
  const base = (slugOf(wanted) || "subscription").slice(0, 59);
  if (!taken.has(base)) return base;
  for (let number = 2; ; number++) {
    if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
  }
}

/** The list with one of its items a place earlier or later. */
export function moved<T>(items: readonly T[], index: number, by: -1 | 1): T[] {
  const changed = [...items];
  const [item] = changed.splice(index, 1);
  if (item !== undefined) changed.splice(index + by, 0, item);
  return changed;
}
