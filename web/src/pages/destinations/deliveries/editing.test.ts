import { expect, test } from "vitest";
import { changesBetween, changeWords, editProblem, isRounded } from "./editing";

const BEFORE = {
  messageId: "m-1",
  receivedAt: "2026-11-21T09:30:00Z",
  type: "track",
  userId: "u-1",
  properties: { amount: "12,50", tags: ["a"] },
};

test("only what differs is told, by its place in the event", () => {
  const { userId: _, ...rest } = BEFORE;
  const after = { ...rest, groupId: "g-1", properties: { amount: 12.5, tags: ["a"] } };

  expect(changesBetween(BEFORE, after).map(changeWords)).toEqual([
    'userId: removed, was "u-1"',
    'properties.amount: "12,50" → 12.5',
    'groupId: added, "g-1"',
  ]);
});

test("it stays the same event: messageId and receivedAt cannot be changed", () => {
  const { receivedAt: _, ...without } = BEFORE;

  expect(editProblem(BEFORE, { ...BEFORE, userId: "u-2" })).toBeNull();
  expect(editProblem(BEFORE, without)).toBeNull();
  expect(editProblem(BEFORE, { ...BEFORE, messageId: "m-2" })).toContain("messageId");
  expect(editProblem(BEFORE, { ...BEFORE, receivedAt: "now" })).toContain("receivedAt");
});

test("a number that the browser has rounded is found wherever it is", () => {
  expect(isRounded({ properties: { ids: [1, 2 ** 53] } })).toBe(true);
  expect(isRounded({ properties: { ids: [1, 2 ** 53 - 1], share: 0.1 } })).toBe(false);
});
