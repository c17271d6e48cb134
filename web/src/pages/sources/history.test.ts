import { expect, test } from "vitest";
import type { AuditEntry, JsonObject } from "@/api/types";
import { actorWords, changeWords } from "./history";

const entry = (
  action: string,
  before: JsonObject | null,
  after: JsonObject | null,
): AuditEntry => ({
  id: 1,
  at: "2026-11-21T09:00:00Z",
  actor: "owner",
  action,
  resource: "sources/shop",
  before,
  after,
});

test("an update names each setting that changed, and no other", () => {
  const before = { name: "A", enabled: true, ip: "keep", requests_per_s_max: null };
  const after = { name: "B", enabled: false, ip: "keep", requests_per_s_max: 20 };

  expect(changeWords(entry("source.update", before, after))).toEqual([
    "renamed it from “A” to “B”",
    "disabled it",
    "changed the limit from none to 20 requests/s",
  ]);
});

test("a secret is told to be set or removed, never more", () => {
  const update = (secret: string | null) =>
    changeWords(
      entry(
        "source.update",
        { webhook_secret: "***" },
        { webhook_secret: secret, webhook_secret_changed: true },
      ),
    );

  expect(update("***")).toEqual(["set a webhook secret"]);
  expect(update(null)).toEqual(["removed the webhook secret"]);
});

test("write keys are shown shortened, with what became of the others", () => {
  const added = { label: "release 2", key: "pX0a***", others_until: "2026-11-22T09:00:00Z" };

  const words = changeWords(entry("write-key.create", null, added));

  expect(words[0]).toBe("added the write key pX0a… “release 2”");
  expect(words[1]).toMatch(/^let the others end at .*22/);
  expect(changeWords(entry("write-key.disable", { label: "", key: "ab***" }, null))).toEqual([
    "disabled the write key ab…",
  ]);
});

test("what is not known yet is shown as it is", () => {
  expect(changeWords(entry("source.paint", null, null))).toEqual(["source.paint"]);
  expect(actorWords("owner")).toBe("The owner");
  expect(actorWords("ada@example.org")).toBe("ada@example.org");
});
