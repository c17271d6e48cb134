import { expect, test } from "vitest";
import type { Member, Permission } from "@/api/types";
import {
  emailProblem,
  lastSignInWords,
  mayManage,
  rolesToGive,
  signInWords,
  sourcesProblem,
  sourcesWords,
} from "./words";

const member = (fields: Partial<Member>) =>
  ({ has_password: false, oidc: false, signed_in_at: null, ...fields }) as Member;
const who = (...permissions: Permission[]) => ({
  may: (permission: Permission) => permissions.includes(permission),
});

test("how somebody signs in is told, and that somebody cannot yet", () => {
  expect(signInWords(member({ has_password: true }))).toBe("Password");
  expect(signInWords(member({ oidc: true }))).toBe("Single sign-on");
  expect(signInWords(member({ has_password: true, oidc: true }))).toContain("or");
  expect(signInWords(member({}))).toBe("No way yet");
});

test("the last sign-in is told by its age", () => {
  const now = new Date("2026-11-21T12:00:00Z");

  expect(lastSignInWords(member({ signed_in_at: "2026-11-21T11:55:00Z" }), now)).toMatch(/^5 min/);
  expect(lastSignInWords(member({}), now)).toBe("never");
});

test("many sources are counted, few are named", () => {
  expect(sourcesWords(["a", "b"])).toBe("a, b");
  expect(sourcesWords(["a", "b", "c", "d"])).toBe("a, b and 2 more");
  expect(sourcesWords([])).toBe("no source");
});

test("only owners make and change owners", () => {
  const admin = who("members:read", "members:write");
  const owner = who("members:read", "members:write", "owners:write");

  expect(rolesToGive(admin)).not.toContain("owner");
  expect(rolesToGive(owner)).toContain("owner");
  expect(mayManage(admin, "owner")).toBe(false);
  expect(mayManage(admin, "editor")).toBe(true);
  expect(mayManage(owner, "owner")).toBe(true);
  expect(mayManage(who("members:read"), "viewer")).toBe(false);
});

test("an address is looked at before it is sent", () => {
  expect(emailProblem("ada@example.org")).toBeNull();
  expect(emailProblem("")).toContain("Give");
  expect(emailProblem("ada")).toContain("such as");
});

test("a role for some sources needs sources, the others need none", () => {
  expect(sourcesProblem("source-only", [])).toContain("at least one");
  expect(sourcesProblem("source-only", ["web"])).toBeNull();
  expect(sourcesProblem("viewer", [])).toBeNull();
});
