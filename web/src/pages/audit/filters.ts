/** What the audit log is narrowed to, as it stands in the address. */

import type { AuditWanted } from "@/api/types";
import { boundsOf, rangeOf, type Range } from "@/state/range";

export interface AuditFilters {
  actor: string;
  action: string;
  resource: string;
  /** null for all time. */
  range: Range | null;
}

/** What the actions are about; the server takes each as the beginning of an action. */
export const ACTIONS: readonly { value: string; label: string }[] = [
  { value: "", label: "Every change" },
  { value: "source.", label: "Sources" },
  { value: "write-key.", label: "Write keys" },
  { value: "destination.", label: "Destinations" },
  { value: "member.", label: "Members" },
  { value: "invite.", label: "Invites" },
  { value: "token.", label: "Tokens" },
  { value: "settings.", label: "Settings" },
];

const ACTION = /^[a-z.-]{1,40}$/;

export function filtersOf(params: URLSearchParams): AuditFilters {
  const action = params.get("action") ?? "";
  const isTimed = params.has("range") || (params.has("from") && params.has("until"));
  return {
    actor: (params.get("actor") ?? "").trim(),
    action: ACTION.test(action) ? action : "",
    resource: (params.get("resource") ?? "").trim(),
    range: isTimed ? rangeOf(params) : null,
  };
}

/** The parameters of a time range; all time has none. */
export function rangeChanges(range: Range | null): Record<string, string | null> {
  if (range === null) return { range: null, from: null, until: null };
  return range.kind === "relative"
    ? { range: range.since, from: null, until: null }
    : { range: null, from: range.from, until: range.until };
}

export const NO_FILTERS = { actor: null, action: null, resource: null, ...rangeChanges(null) };

export const isNarrowed = ({ actor, action, resource, range }: AuditFilters): boolean =>
  actor !== "" || action !== "" || resource !== "" || range !== null;

/** The filters as the server takes them. */
export function wantedOf({ actor, action, resource, range }: AuditFilters): AuditWanted {
  const bounds = range ? boundsOf(range) : { since: "", until: null };
  return { actor, action, resource, since: bounds.since, until: bounds.until ?? "" };
}

/** The choices of actions, with the one of the address where a link named another. */
export const actionsFor = (action: string): readonly { value: string; label: string }[] =>
  ACTIONS.some(({ value }) => value === action)
    ? ACTIONS
    : [...ACTIONS, { value: action, label: action }];
