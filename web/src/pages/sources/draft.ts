/** The settings of a source while they are being edited. */

import type { IpSetting, Source, SourceKind, SourceSettings } from "@/api/types";

export interface Draft {
  name: string;
  kind: SourceKind;
  ip: IpSetting;
  /** As typed; "" for no limit. */
  limit: string;
  secret: "keep" | "remove" | { text: string };
}

export const draftOf = (source: Source): Draft => ({
  name: source.name,
  kind: source.kind,
  ip: source.ip,
  limit: source.requests_per_s_max === null ? "" : String(source.requests_per_s_max),
  secret: "keep",
});

/** What is wrong with a limit as typed; null when nothing is. */
export function limitProblem(limit: string): string | null {
  const number = Number(limit);
  if (limit.trim() === "" || (number > 0 && number <= 1e9)) return null;
  return "Give a number above 0, or nothing for no limit.";
}

/** What the draft would change of the source: only that is sent. */
export function changesOf(draft: Draft, source: Source): Partial<SourceSettings> {
  const changes: Partial<SourceSettings> = {};
  if (draft.name !== source.name) changes.name = draft.name;
  if (draft.kind !== source.kind) changes.kind = draft.kind;
  if (draft.ip !== source.ip) changes.ip = draft.ip;
  const limit = draft.limit.trim() === "" ? null : Number(draft.limit);
  if (limit !== source.requests_per_s_max) changes.requests_per_s_max = limit;
  if (draft.secret === "remove") changes.webhook_secret = null;
  else if (draft.secret !== "keep" && draft.secret.text !== "") {
    changes.webhook_secret = draft.secret.text;
  }
  return changes;
}

/** Whether two states of a source look the same to somebody who edits its settings. */
export const isSameToEdit = (a: Source, b: Source): boolean =>
  a.webhook_secret === b.webhook_secret && Object.keys(changesOf(draftOf(a), b)).length === 0;
