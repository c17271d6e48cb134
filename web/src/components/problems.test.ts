import { expect, test } from "vitest";
import { ApiError } from "@/api/client";
import { isOutdated, problemAt, problemBeside } from "./problems";

const refusal = (status: number, detail: string, field?: string) =>
  new ApiError({ type: "", title: "", status, detail, ...(field ? { field } : {}) });

test("a problem is shown at the field that it names, and there only", () => {
  const error = refusal(409, "the slug 'shop' belongs to a source: choose another", "slug");

  expect(problemAt("slug", error)).toBe("The slug 'shop' belongs to a source: choose another");
  expect(problemAt("name", error)).toBeNull();
  expect(problemBeside(["slug", "name"], error)).toBeNull();
});

test("a field is not said twice", () => {
  expect(problemAt("name", refusal(400, "name: Expected `str`", "name"))).toBe("Expected `str`");
});

test("a problem of no field in sight is shown beside the form", () => {
  expect(problemBeside(["slug"], refusal(400, "no", "json"))).toBe("No");
  expect(problemBeside(["slug"], refusal(0, "no connection"))).toBe("No connection");
});

test("a conflict is no problem of the form: it has its own notice", () => {
  const error = refusal(412, "source 'shop' was changed");

  expect(isOutdated(error)).toBe(true);
  expect(problemBeside([], error)).toBeNull();
});
