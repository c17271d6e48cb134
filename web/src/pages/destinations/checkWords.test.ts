import { expect, test } from "vitest";
import { CheckFailed, foundWords, nameWords, requireGood } from "./checkWords";

const GOOD = { checked: [], is_good: true, took_ms: 3 };

test("a check that fails stops what would be saved, and one that cannot tell does not", () => {
  expect(requireGood(GOOD)).toBe(GOOD);
  expect(requireGood({ ...GOOD, is_good: null }).is_good).toBeNull();
  expect(() => requireGood({ ...GOOD, is_good: false })).toThrow(CheckFailed);
});

test("what could not be told is neither good nor bad", () => {
  expect([true, false, null].map((is_good) => foundWords({ is_good }).tone)).toEqual([
    "good",
    "bad",
    "plain",
  ]);
});

test("what is wrong is named with the setting that would have to change", () => {
  const thing = { name: "connection", is_good: false, detail: "", setting: "url" };

  expect(nameWords(thing)).toBe("Connection (URL)");
  expect(nameWords({ ...thing, name: "url" })).toBe("URL");
  expect(nameWords({ ...thing, is_good: true })).toBe("Connection");
});
