import { expect, test } from "vitest";
import { slugOf, slugProblem } from "./slug";

test("a slug is proposed from the name", () => {
  expect(slugOf("Web shop")).toBe("web-shop");
  expect(slugOf("  Café & Bär (EU) ")).toBe("cafe-bar-eu");
  expect(slugOf("_private_ 2.0")).toBe("private-2-0");
});

test("a name without Latin letters proposes nothing, and a long one is cut", () => {
  expect(slugOf("商店")).toBe("");
  expect(slugOf("a".repeat(62) + " b")).toBe("a".repeat(62));
  expect(slugProblem(slugOf("shop ".repeat(40)))).toBeNull();
});

test("what the server would refuse is said before it is asked", () => {
  expect(slugProblem("web-shop_2")).toBeNull();
  expect(slugProblem("")).toContain("slug");
  expect(slugProblem("Web shop")).toContain("small letters");
  expect(slugProblem("-shop")).toContain("begin with");
  expect(slugProblem("a".repeat(64))).toContain("63");
});
