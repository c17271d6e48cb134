/** Where the server's problems with an alert are shown. */

import { ApiError } from "@/api/client";
import { problemBeside } from "@/components/problems";
import { CONDITIONS, type Draft } from "./draft";

/** A problem that none of the form's fields can show; null when there is none. */
export function problemBesideFields(draft: Draft, error: Error | null): string | null {
  const field = error instanceof ApiError ? error.problem.field : undefined;
  return problemBeside(field !== undefined && isShown(field, draft) ? [field] : [], error);
}

const WHOLE = ["name", "slug", "destinations", "when", "repeat_every_h", "notify"];

function isShown(field: string, draft: Draft): boolean {
  if (WHOLE.includes(field)) return true;
  const condition = CONDITIONS.find((name) => field === `when.${name}`);
  if (condition !== undefined) return draft.when[condition] !== null;
  const [, index, part] = /^notify\[(\d+)\]\.(slug|url|secret)$/.exec(field) ?? [];
  const place = draft.places[Number(index)];
  return place !== undefined && (part !== "secret" || place.type === "webhook");
}
