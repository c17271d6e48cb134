/** What the audit log says, in sentences. */

import type { AuditEntry, Json, JsonObject } from "@/api/types";
import { formatMinute } from "@/format";

const ACTORS: Record<string, string> = {
  owner: "The owner",
  local: "A command on the server",
  start: "The start of Tailrace",
};

export const actorWords = (actor: string): string => ACTORS[actor] ?? actor;

/** What was done, one phrase per change, such as "renamed it from “A” to “B”". */
export function changeWords({ action, before, after }: AuditEntry): string[] {
  switch (action) {
    case "source.create":
      return ["made the source"];
    case "source.delete":
      return ["deleted the source"];
    case "source.update":
      return updateWords(before ?? {}, after ?? {});
    case "write-key.create":
      return [`added ${keyWords(after)}`, ...endWords(after)];
    case "write-key.disable":
      return [`disabled ${keyWords(before)}`];
    default:
      return [action];
  }
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

function keyWords(key: JsonObject | null): string {
  const label = text(key?.["label"]);
  const shortened = text(key?.["key"]).replace(/\*+$/, "…");
  const parts = ["the write key", shortened, label && `“${label}”`];
  return parts.filter((part) => part !== "").join(" ");
}

function endWords(after: JsonObject | null): string[] {
  const until = text(after?.["others_until"]);
  return until === "" ? [] : [`let the others end at ${formatMinute(until)}`];
}

function updateWords(before: JsonObject, after: JsonObject): string[] {
  const words: string[] = [];
  for (const [field, now] of Object.entries(after)) {
    if (field === "webhook_secret") continue;
    if (field === "webhook_secret_changed") {
      words.push(after["webhook_secret"] ? "set a webhook secret" : "removed the webhook secret");
    } else if (JSON.stringify(before[field]) !== JSON.stringify(now)) {
      words.push(fieldWords(field, before[field], now));
    }
  }
  return words.length > 0 ? words : ["changed nothing"];
}

function fieldWords(field: string, before: Json | undefined, now: Json): string {
  switch (field) {
    case "enabled":
      return now === true ? "enabled it" : "disabled it";
    case "name":
      return `renamed it from “${text(before)}” to “${text(now)}”`;
    case "kind":
      return `changed its kind from ${text(before)} to ${text(now)}`;
    case "ip":
      return `changed IP addresses from ${text(before)} to ${text(now)}`;
    case "requests_per_s_max":
      return `changed the limit from ${limitWords(before)} to ${limitWords(now)}`;
    case "json":
      return "changed how JSON becomes events";
    default:
      return `changed ${field}`;
  }
}

const limitWords = (limit: Json | undefined): string =>
  typeof limit === "number" ? `${limit} requests/s` : "none";
