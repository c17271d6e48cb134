import { expect, test } from "vitest";
import type { AuditEntry, JsonObject } from "@/api/types";
import { differencesOf } from "./differences";
import { actionsFor, filtersOf, isNarrowed, NO_FILTERS, rangeChanges, wantedOf } from "./filters";
import { actorName, sentenceOf, wholeResource } from "./sentences";

const entry = (
  action: string,
  resource: string,
  before: JsonObject | null = null,
  after: JsonObject | null = null,
): AuditEntry => ({
  id: 1,
  at: "2026-11-21T09:00:00Z",
  actor: "ada@example.org",
  action,
  resource,
  before,
  after,
});
const said = (...of: Parameters<typeof entry>) => {
  const { did, name, rest } = sentenceOf(entry(...of));
  return [did, name, rest].filter((part) => part !== "").join(" ");
};

test("a change reads as a sentence", () => {
  const ada = { email: "ada@example.org", role: "viewer" };

  expect(said("source.create", "sources/web-shop")).toBe("made the source web-shop");
  expect(said("write-key.disable", "sources/web-shop/write-keys/7")).toBe(
    "disabled a write key of the source web-shop",
  );
  expect(said("member.update", "members/mem_1", ada, { ...ada, role: "editor" })).toBe(
    "changed the member ada@example.org",
  );
  expect(said("member.update", "members/mem_1", { name: "A" }, { name: "Ada" })).toBe(
    "changed the member Ada",
  );
  expect(said("member.sign-out", "members/mem_1", null, ada)).toBe(
    "signed ada@example.org out everywhere",
  );
  expect(said("invite.create", "invites/3", null, ada)).toBe("invited ada@example.org");
  expect(said("token.revoke", "tokens/tok_1", { name: "nightly" })).toBe(
    "revoked the token nightly",
  );
  expect(said("settings.update", "settings", {}, {})).toBe("changed the settings of the workspace");
});

test("an accepted link that set a password is told apart from one by which somebody joined", () => {
  const after = { email: "ada@example.org", password_changed: true };

  expect(said("invite.accept", "members/mem_1", null, after)).toContain("reset link");
  expect(said("invite.accept", "invites/3", null, { email: "ada@example.org" })).toBe(
    "accepted the invite of ada@example.org",
  );
});

test("what is not known yet is shown as it is", () => {
  expect(said("kettle.boil", "kettles/1")).toBe("did kettle.boil with kettles/1");
  expect(said("member.update", "members/mem_1", { oidc: false }, { oidc: true })).toBe(
    "changed the member mem_1",
  );
  expect(actorName("ada@example.org")).toBe("ada@example.org");
  expect(actorName("local")).toBe("A command on the server");
});

test("only what differs is shown, lists and fields of fields too", () => {
  const before = { name: "A", enabled: true, sources: ["a"], json: { event: "e", user: "u" } };
  const after = { name: "A", enabled: false, sources: ["a", "b"], json: { event: "f", user: "u" } };

  expect(differencesOf(entry("source.update", "sources/a", before, after))).toEqual([
    { field: "enabled", before: "yes", after: "no" },
    { field: "sources", before: "a", after: "a, b" },
    { field: "json.event", before: "e", after: "f" },
  ]);
});

test("of what was made all that is set is shown, of what was removed what it was", () => {
  expect(differencesOf(entry("a.create", "a/1", null, { name: "A", limit: null }))).toEqual([
    { field: "name", before: undefined, after: "A" },
  ]);
  expect(differencesOf(entry("a.delete", "a/1", { name: "A", ids: [] }))).toEqual([
    { field: "name", before: "A", after: undefined },
    { field: "ids", before: "none", after: undefined },
  ]);
});

test("a replaced secret is told to be another one, and a password only to be changed", () => {
  const before = { webhook_secret: "***" };
  const after = { webhook_secret: "***", webhook_secret_changed: true };

  expect(differencesOf(entry("source.update", "sources/a", before, after))).toEqual([
    { field: "webhook_secret", before: "***", after: "*** (another one)" },
  ]);
  expect(
    differencesOf(entry("invite.accept", "members/m", null, { password_changed: true })),
  ).toEqual([{ field: "password", before: undefined, after: "changed" }]);
  expect(
    differencesOf(entry("source.update", "sources/a", { webhook_secret: null }, after)),
  ).toEqual([{ field: "webhook_secret", before: undefined, after: "***" }]);
});

test("the address holds the filters, and without any the log is whole", () => {
  const params = new URLSearchParams("actor=ada&action=source.&resource=sources/a&range=24h");

  expect(wantedOf(filtersOf(params))).toEqual({
    actor: "ada",
    action: "source.",
    resource: "sources/a",
    since: "24h",
    until: "",
  });
  expect(isNarrowed(filtersOf(params))).toBe(true);
  expect(isNarrowed(filtersOf(new URLSearchParams("action=%00")))).toBe(false);
  expect(Object.values(NO_FILTERS).every((value) => value === null)).toBe(true);
});

test("a range survives the address", () => {
  const range = {
    kind: "absolute",
    from: "2026-11-01T00:00:00.000Z",
    until: "2026-11-02T00:00:00.000Z",
  } as const;
  const given = Object.entries(rangeChanges(range)).filter(([, value]) => value !== null);

  expect(filtersOf(new URLSearchParams(given as [string, string][])).range).toEqual(range);
  expect(rangeChanges({ kind: "relative", since: "24h" })["range"]).toBe("24h");
  expect(filtersOf(new URLSearchParams("range=24h")).range).toEqual({
    kind: "relative",
    since: "24h",
  });
});

test("an action that only a link names can be seen in the field", () => {
  expect(actionsFor("source.").at(-1)?.label).toBe("Settings");
  expect(actionsFor("secret-key.rotate").at(-1)?.value).toBe("secret-key.rotate");
});

test("more of the same means the whole thing", () => {
  expect(wholeResource("sources/a/write-keys/7")).toBe("sources/a");
  expect(wholeResource("settings")).toBe("settings");
});
