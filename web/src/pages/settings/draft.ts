/** The settings of the workspace as text fields hold them. */

import type { WorkspaceSettings } from "@/api/types";

export interface Draft {
  name: string;
  sessionHours: string;
  /** "" for no limit. */
  tokenDays: string;
}

export const draftOf = (settings: WorkspaceSettings): Draft => ({
  name: settings.name,
  sessionHours: String(settings.session_hours_max),
  tokenDays: settings.token_days_max === null ? "" : String(settings.token_days_max),
});

const HOURS_MAX = 8_760;
const DAYS_MAX = 3_650;

function wholeProblem(text: string, max: number, unit: string): string | null {
  const number = Number(text);
  const isFine = /^\d{1,6}$/.test(text.trim()) && number >= 1 && number <= max;
  return isFine ? null : `Give a whole number of ${unit} from 1 to ${max}.`;
}

export const nameProblem = ({ name }: Draft): string | null =>
  name.trim() === "" ? "Give the workspace a name." : null;

export const hoursProblem = ({ sessionHours }: Draft): string | null =>
  wholeProblem(sessionHours, HOURS_MAX, "hours");

export const daysProblem = ({ tokenDays }: Draft): string | null =>
  tokenDays.trim() === "" ? null : wholeProblem(tokenDays, DAYS_MAX, "days");

/** What was changed, as the server takes it; for a draft without problems. */
export function changesOf(draft: Draft, base: WorkspaceSettings): Partial<WorkspaceSettings> {
  const wanted: WorkspaceSettings = {
    name: draft.name.trim(),
    session_hours_max: Number(draft.sessionHours),
    token_days_max: draft.tokenDays.trim() === "" ? null : Number(draft.tokenDays),
  };
  const changed = Object.entries(wanted).filter(
    ([field, value]) => base[field as keyof WorkspaceSettings] !== value,
  );
  return Object.fromEntries(changed) as Partial<WorkspaceSettings>;
}

/** "7 days" for 168 hours, "36 hours" for 36. */
export function hoursWords(hours: number): string {
  const [count, unit] = hours % 24 === 0 ? [hours / 24, "day"] : [hours, "hour"];
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`;
}
