import { expect, test } from "vitest";
import { changesOf, daysProblem, draftOf, hoursProblem, hoursWords, nameProblem } from "./draft";

const SETTINGS = { name: "Tailrace", session_hours_max: 168, token_days_max: null };
const draft = (fields: object) => ({ ...draftOf(SETTINGS), ...fields });

test("only what was changed is sent, and no limit is null", () => {
  expect(changesOf(draftOf(SETTINGS), SETTINGS)).toEqual({});
  expect(changesOf(draft({ name: " Example Ltd ", tokenDays: "90" }), SETTINGS)).toEqual({
    name: "Example Ltd",
    token_days_max: 90,
  });
  expect(changesOf(draft({ tokenDays: "" }), { ...SETTINGS, token_days_max: 90 })).toEqual({
    token_days_max: null,
  });
});

test("what the server would refuse is said before it is asked", () => {
  expect(nameProblem(draft({ name: "  " }))).toContain("name");
  for (const hours of ["", "0", "8761", "1.5", "-1", "a day"]) {
    expect(hoursProblem(draft({ sessionHours: hours }))).toContain("1 to 8760");
  }
  expect(hoursProblem(draft({ sessionHours: "8760" }))).toBeNull();
  expect(daysProblem(draft({ tokenDays: "" }))).toBeNull();
  expect(daysProblem(draft({ tokenDays: "3651" }))).toContain("1 to 3650");
});

test("hours are told in days where they are whole days", () => {
  expect(hoursWords(168)).toBe("7 days");
  expect(hoursWords(24)).toBe("1 day");
  expect(hoursWords(36)).toBe("36 hours");
  expect(hoursWords(1)).toBe("1 hour");
});
