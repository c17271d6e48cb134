/** What the audit log says, as sentences: somebody did something with a thing. */

import type { AuditEntry, Json } from "@/api/types";

export interface Sentence {
  /** "made the source"; the name of the thing follows. */
  did: string;
  /** "" where there is but one. */
  name: string;
  /** What follows the name. */
  rest: string;
}

/** What was done, and what follows the name of what it was done with. */
const DID: Record<string, string | [string, string]> = {
  "source.create": "made the source",
  "source.update": "changed the source",
  "source.delete": "deleted the source",
  "write-key.create": "added a write key to the source",
  "write-key.update": "changed a write key of the source",
  "write-key.disable": "disabled a write key of the source",
  "destination.create": "made the destination",
  "destination.update": "changed the destination",
  "destination.delete": "deleted the destination",
  "destination.restore": ["took the destination", "back to an earlier version"],
  "destination.replay": "replayed dead letters of the destination",
  "destination.retry": "tried at once what waits at the destination",
  "destination.discard": "discarded dead letters of the destination",
  "destination.test": "sent a test event to the destination",
  "member.create": "added the member",
  "member.update": "changed the member",
  "member.delete": "removed the member",
  "member.password": "changed the password of",
  "member.reset-link": "made a reset link for",
  "member.sign-out": ["signed", "out everywhere"],
  "invite.create": "invited",
  "invite.revoke": "revoked the invite of",
  "invite.accept": "accepted the invite of",
  "token.create": "made the token",
  "token.revoke": "revoked the token",
  "settings.update": "changed the settings of the workspace",
  "secret-key.rotate": "rotated the secret key",
};

/** Things of which there is one: their resource says no more than the sentence. */
const ONE_OF_ITS_KIND = new Set(["settings.update", "secret-key.rotate"]);

export function sentenceOf(entry: AuditEntry): Sentence {
  const known = DID[entry.action];
  if (known === undefined)
    return { did: `did ${entry.action} with`, name: entry.resource, rest: "" };
  const [did, rest] = typeof known === "string" ? [known, ""] : known;
  if (ONE_OF_ITS_KIND.has(entry.action)) return { did, name: "", rest };
  if (entry.action === "invite.accept" && entry.resource.startsWith("members/")) {
    return { did: "set a new password with a reset link for", name: nameOf(entry), rest };
  }
  return { did, name: nameOf(entry), rest };
}

/** How people call the thing: members by their address, tokens by their name, sources by slug. */
function nameOf({ resource, before, after }: AuditEntry): string {
  const [kind = "", id] = resource.split("/");
  const told = (TOLD_BY[kind] ?? []).map(
    (field) => textOf(after?.[field]) || textOf(before?.[field]),
  );
  return told.find((name) => name !== "") ?? id ?? resource;
}

/** What tells people which one it was, the best first; the others have a slug as their id. */
const TOLD_BY: Record<string, readonly string[]> = {
  members: ["email", "name"],
  invites: ["email"],
  tokens: ["name"],
};

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** The resource that a reader means who wants to see more of the same thing. */
export function wholeResource(resource: string): string {
  const [kind, id] = resource.split("/");
  return id === undefined ? resource : `${kind}/${id}`;
}

const ACTORS: Record<string, string> = {
  owner: "The first owner's token",
  local: "A command on the server",
  start: "The start of Tailrace",
};

export const actorName = (actor: string): string => ACTORS[actor] ?? actor;
