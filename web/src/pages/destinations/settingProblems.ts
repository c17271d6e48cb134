/** What the server says of settings, at the field of each. */

import { ApiError } from "@/api/client";
import { capitalised } from "@/format";
import { isOutdated } from "@/components/problems";
import type { SettingField } from "./fields";

const FIELD = "settings";

/**
 * The problems of an answer by the names of the settings.
 *
 * The server tells all of them at once, as `settings.url: is required; settings.method: ...`.
 */
export function settingProblems(
  fields: readonly SettingField[],
  error: Error | null,
): Record<string, string> {
  if (!isOfSettings(error)) return {};
  const known = fields.map(({ name }) => name).join("|");
  const begins = new RegExp(`(?:^|; )${FIELD}\\.(${known}): `, "g");
  const found = [...error.message.matchAll(begins)];
  const problems: Record<string, string> = {};
  found.forEach((match, index) => {
    const [whole, name = ""] = match;
    const until = found[index + 1]?.index ?? error.message.length;
    problems[name] = capitalised(error.message.slice(match.index + whole.length, until));
  });
  return problems;
}

/** What is to be said beside the form: what no field of it can show; null for nothing. */
export function otherProblem(
  fields: readonly SettingField[],
  others: readonly string[],
  error: Error | null,
): string | null {
  if (error === null || isOutdated(error)) return null;
  if (Object.keys(settingProblems(fields, error)).length > 0) return null;
  const field = error instanceof ApiError ? error.problem.field : undefined;
  return field !== undefined && others.includes(field) ? null : capitalised(error.message);
}

const isOfSettings = (error: Error | null): error is ApiError =>
  error instanceof ApiError && (error.problem.field ?? "").startsWith(`${FIELD}.`);
