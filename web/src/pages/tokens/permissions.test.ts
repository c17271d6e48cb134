import { expect, test } from "vitest";
import type { Permission } from "@/api/types";
import { curlExample } from "./example";
import { expiries, firstExpiry } from "./expiry";
import {
  groupsFor,
  GROUPS,
  permissionLabel,
  permissionsWords,
  readOnly,
  withChoice,
} from "./permissions";

const HELD: Permission[] = ["events:read", "sources:read", "sources:write", "account"];

test("nobody is offered what they have not themselves, and no empty group", () => {
  const groups = groupsFor(HELD);

  expect(groups.map(({ title }) => title)).toEqual([
    "Events",
    "Sources and destinations",
    "People",
  ]);
  expect(groups.flatMap(({ permissions }) => permissions)).toHaveLength(HELD.length);
});

test("each permission is explained once", () => {
  const all = GROUPS.flatMap(({ permissions }) => permissions.map((each) => each.permission));

  expect(new Set(all).size).toBe(all.length);
  expect(permissionLabel("audit:read")).toBe("Read the audit log");
});

test("who may change something may read it too, and either can be taken back", () => {
  const both = withChoice([], "sources:write", { isOn: true, held: HELD });

  expect(both).toEqual(["sources:read", "sources:write"]);
  expect(withChoice(both, "sources:read", { isOn: false, held: HELD })).toEqual(["sources:write"]);
  expect(withChoice([], "sources:write", { isOn: true, held: ["sources:write"] })).toEqual([
    "sources:write",
  ]);
  expect(withChoice(["account"], "account", { isOn: true, held: HELD })).toEqual(["account"]);
});

test("what a token may do is said in a few words", () => {
  expect(permissionsWords(["events:read"])).toBe("Read events");
  expect(permissionsWords(readOnly(["events:read", "system:read", "sources:read"]))).toBe(
    "Read only, 3 permissions",
  );
  expect(permissionsWords(HELD)).toBe("Read events, Read sources and 2 more");
  expect(
    permissionsWords(
      GROUPS.flatMap(({ permissions }) => permissions.map((each) => each.permission)),
    ),
  ).toBe("Everything");
});

test("no token may be made that outlives the longest life allowed", () => {
  expect(expiries(null).map(({ days }) => days)).toEqual([7, 30, 90, 365, null]);
  expect(expiries(60).map(({ days }) => days)).toEqual([7, 30, 60]);
  expect(expiries(7).map(({ days }) => days)).toEqual([7]);
  expect(expiries(1).map(({ label }) => label)).toEqual(["1 day (the longest allowed)"]);
  expect(firstExpiry(expiries(null)).days).toBe(90);
  expect(firstExpiry(expiries(60)).days).toBe(60);
  expect(firstExpiry(expiries(3_650)).days).toBe(90);
});

test("the example asks for something that the token may read", () => {
  const example = curlExample("https://t.example.org", "trt_abc", ["audit:read", "settings:write"]);

  expect(example).toContain("https://t.example.org/api/v1/audit-log");
  expect(example).toContain("trt_abc");
  expect(curlExample("https://t.example.org", "trt_abc", ["sources:write"])).toBeNull();
});
