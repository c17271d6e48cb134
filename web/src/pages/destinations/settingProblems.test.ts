import { expect, test } from "vitest";
import { ApiError } from "@/api/client";
import { fieldsOf } from "./fields";
import { otherProblem, settingProblems } from "./settingProblems";

const FIELDS = fieldsOf({ properties: { url: { type: "string" }, headers: { type: "object" } } });
const refused = (detail: string, field: string, status = 400) =>
  new ApiError({ type: "", title: "", status, detail, field });

test("every setting that the server complains of has its own problem", () => {
  const error = refused(
    "settings.headers: has x; use auth_header; settings.url: is required",
    "settings.headers",
  );

  expect(settingProblems(FIELDS, error)).toEqual({
    headers: "Has x; use auth_header",
    url: "Is required",
  });
  expect(otherProblem(FIELDS, ["slug"], error)).toBeNull();
});

test("what no field shows is said beside the form", () => {
  const unknown = refused("settings.port: does not exist", "settings.port");
  const taken = refused("the slug 'a' belongs to a destination", "slug", 409);

  expect(otherProblem(FIELDS, ["slug"], unknown)).toBe("Settings.port: does not exist");
  expect(otherProblem(FIELDS, ["slug"], taken)).toBeNull();
  expect(otherProblem(FIELDS, [], taken)).toBe("The slug 'a' belongs to a destination");
});
