import { expect, test } from "vitest";
import { nextCursor } from "./pages";

const withLink = (link: string) => new Headers({ Link: link });

test("the Link header leads to the next page", () => {
  const link = '</api/v1/sources?limit=100&text=a%20b&cursor=ZGVm-_A>; rel="next"';

  expect(nextCursor(withLink(link))).toBe("ZGVm-_A");
});

test("without a next page there is no cursor", () => {
  expect(nextCursor(new Headers())).toBeNull();
  expect(nextCursor(withLink('</api/v1/sources>; rel="first"'))).toBeNull();
});
