import { expect, test } from "vitest";
import { ApiError } from "@/api/client";
import { sentence, wrongPlace } from "./places";

const refusal = (field: string, detail: string) =>
  new ApiError({ type: "urn:tailrace:problem:body", title: "", status: 400, detail, field });

test("a refusal is told at the part that it is about", () => {
  const error = refusal(
    "destination.subscriptions[1].mapping.data",
    "subscriptions[1].mapping.data: total.@path: is a number; expected a text or a directive",
  );

  expect(wrongPlace(error)).toEqual({
    list: "subscriptions",
    index: 1,
    rest: "mapping.data",
    message: "total.@path: is a number; expected a text or a directive",
  });
});

test("a refusal of something else has no place here", () => {
  expect(wrongPlace(refusal("name", "name: is too long"))).toBeNull();
  expect(wrongPlace(new Error("away"))).toBeNull();
});

test("a message begins with a capital letter, a path as it is written", () => {
  expect(sentence("is no field; 'post' has text")).toBe("Is no field; 'post' has text");
  expect(sentence("total.@path: is a number")).toBe("total.@path: is a number");
});
