/** The filters of a destination as they are edited, and what they say. */

import type { FilterAction, FilterDraft } from "@/api/types";

export type FilterLanguage = "fql" | "lucene";

/** What a filter does; "ONLY" drops all that do not match. */
export type ActionKind = FilterAction["type"] | "ONLY";

export interface ActionEdit {
  kind: ActionKind;
  /** Of a sample: 0 to 100, as typed. */
  percent: string;
  /** Of a sample: whose values are all sent or all not. */
  path: string;
  /** Paths of properties, by commas or lines. */
  properties: string;
}

export interface FilterEdit {
  title: string;
  isEnabled: boolean;
  language: FilterLanguage;
  condition: string;
  actions: readonly ActionEdit[];
}

export const FILTERS_MAX = 10;

export const newAction = (kind: ActionKind): ActionEdit => ({
  kind,
  percent: "10",
  path: "",
  properties: "",
});

export const newFilter = (): FilterEdit => ({
  title: "",
  isEnabled: true,
  language: "fql",
  condition: "",
  actions: [newAction("DROP")],
});

export function filterEditOf(filter: FilterDraft): FilterEdit {
  const { if: condition, actions, title = "", enabled = true, language = "fql" } = filter;
  const shared = { title, isEnabled: enabled, language };
  const inner =
    actions.length === 1 && actions[0]?.type === "DROP" ? unnegated(condition, language) : null;
  return inner === null
    ? { ...shared, condition, actions: actions.map(actionEditOf) }
    : { ...shared, condition: inner, actions: [newAction("ONLY")] };
}

const NOT = { fql: "!", lucene: "NOT " } as const;

/** What stands in `!(...)`; null where the text is not of that form. */
function unnegated(condition: string, language: FilterLanguage): string | null {
  const begin = `${NOT[language]}(`;
  if (!condition.startsWith(begin) || !condition.endsWith(")")) return null;
  const inner = condition.slice(begin.length, -1);
  return isBalanced(inner) ? inner : null;
}

/** Whether each parenthesis outside of quotes has its other half. */
function isBalanced(text: string): boolean {
  let depth = 0;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const each = text.charAt(at);
    if (each === "\\") at++;
    else if (quote !== "") quote = each === quote ? "" : quote;
    else if (each === '"' || each === "'") quote = each;
    else if (each === "(") depth++;
    else if (each === ")" && --depth < 0) return false;
  }
  return depth === 0 && quote === "";
}

function actionEditOf({ type, percent, path = "", fields }: FilterAction): ActionEdit {
  return {
    kind: type,
    percent: percent === null || percent === undefined ? "10" : String(shortened(percent * 100)),
    path,
    properties: propertiesText(fields ?? {}),
  };
}

/** Without the digits that only binary fractions have. */
const shortened = (value: number): number => Number(value.toPrecision(12));

/** What is saved. */
export function filterOf({
  title,
  isEnabled,
  language,
  condition,
  actions,
}: FilterEdit): FilterDraft {
  const isOnly = actions.some(({ kind }) => kind === "ONLY");
  const text = condition.trim();
  return {
    if: isOnly ? `${NOT[language]}(${text})` : text,
    actions: actions.map(actionOf),
    title: title.trim(),
    enabled: isEnabled,
    ...(language === "lucene" ? { language } : {}),
  };
}

function actionOf({ kind, percent, path, properties }: ActionEdit): FilterAction {
  switch (kind) {
    case "ONLY":
    case "DROP":
      return { type: "DROP" };
    case "SAMPLE": {
      const share = shortened(Number(percent) / 100);
      return { type: kind, percent: share, ...(path.trim() === "" ? {} : { path: path.trim() }) };
    }
    case "DROP_PROPERTIES":
    case "ALLOW_PROPERTIES":
      return { type: kind, fields: propertiesIn(properties) };
  }
}

/** The keys of each object, of paths such as `context.ip`; a dot in a name is `\.`. */
export function propertiesIn(text: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const path of text.split(/[,\n]/).map((each) => each.trim())) {
    if (path === "") continue;
    const cut = lastDot(path);
    const key = path.slice(cut + 1).replaceAll("\\.", ".");
    (found[path.slice(0, Math.max(cut, 0))] ??= []).push(key);
  }
  return found;
}

function lastDot(path: string): number {
  for (let at = path.length - 1; at > 0; at--) {
    if (path.charAt(at) === "." && path.charAt(at - 1) !== "\\") return at;
  }
  return -1;
}

/** The paths of properties, in one line. */
export const propertiesText = (fields: Readonly<Record<string, readonly string[]>>): string =>
  Object.entries(fields)
    .flatMap(([object, keys]) =>
      keys.map((key) => {
        const name = key.replaceAll(".", "\\.");
        return object === "" ? name : `${object}.${name}`;
      }),
    )
    .join(", ");

/** What is wrong with a filter, by its parts, as far as the form knows. */
export function filterProblems({ condition, actions }: FilterEdit): Record<string, string> {
  const problems: Record<string, string> = {};
  if (condition.trim() === "") problems["if"] = "Say which events; “all” is every event.";
  actions.forEach(({ kind, percent, properties }, index) => {
    const share = Number(percent);
    if (kind === "SAMPLE" && !(percent.trim() !== "" && share >= 0 && share <= 100)) {
      problems[`actions[${index}]`] = "Give a share from 0 to 100.";
    }
    if (kind.endsWith("PROPERTIES") && Object.keys(propertiesIn(properties)).length === 0) {
      problems[`actions[${index}]`] = "Name at least one property.";
    }
  });
  return problems;
}
