import { expect, test } from "vitest";
import { snippetsFor, type Target } from "./snippets";

const PLAIN = { writeKey: "key-1234", url: "http://127.0.0.1:8282", kind: "web" } as const;
const SECURE = { ...PLAIN, url: "https://events.example.org" };

test("every snippet carries the write key, and the address where the SDK can reach it", () => {
  for (const { label, code, note } of snippetsFor(PLAIN)) {
    expect(code, label).toContain("key-1234");
    if (!note.includes("HTTPS")) expect(code, label).toContain("127.0.0.1:8282");
  }
});

test("SDKs that insist on HTTPS say so, until the address has it", () => {
  const insisting = (target: Target) =>
    snippetsFor(target).filter(({ note }) => note.includes("HTTPS")).length;
  expect(insisting(PLAIN)).toBe(4);
  expect(insisting(SECURE)).toBe(0);
});

test("the kind of a source says what comes first, and hides nothing", () => {
  const ids = (kind: Target["kind"]) => snippetsFor({ ...PLAIN, kind }).map(({ id }) => id);
  expect(ids("web").slice(0, 2)).toEqual(["web", "npm"]);
  expect(ids("mobile")[0]).toBe("swift");
  expect(ids("server")[0]).toBe("node");
  expect(ids("webhook")[0]).toBe("webhook");
  expect(ids("json")[0]).toBe("json");
  for (const kind of ["mobile", "server", "webhook", "json"] as const) {
    expect(ids(kind).toSorted()).toEqual(ids("web").toSorted());
  }
});

test("the web snippet keeps calls as the SDK takes them over", () => {
  const script = snippetsFor(PLAIN)[0]?.code.replace(/<\/?script>/g, "") ?? "";
  const appended: { src?: string }[] = [];
  const document = {
    title: "Cart",
    referrer: "",
    querySelector: () => null,
    createElement: () => ({}),
    head: { appendChild: (element: { src?: string }) => appended.push(element) },
  };
  const location = { pathname: "/cart", href: "http://shop.test/cart", search: "" };
  const window: { analytics?: unknown[] & Record<string, (...args: unknown[]) => unknown> } = {};
  new Function("window", "document", "location", script)(window, document, location);

  window.analytics?.["track"]?.("Signed Up", { plan: "pro" });

  const [page, track] = window.analytics as unknown as unknown[][];
  expect(page?.[0]).toBe("page");
  expect(track?.slice(0, 3)).toEqual(["track", "Signed Up", { plan: "pro" }]);
  expect(track?.[3]).toMatchObject({ __t: "bpc", p: "/cart", t: "Cart" });
  expect(appended[0]?.src).toBe("http://127.0.0.1:8282/analytics.js/v1/key-1234/analytics.min.js");
});
