import { afterEach, expect, test, vi } from "vitest";
import { call, exchange } from "./client";

interface Sent {
  url: string;
  init: RequestInit;
}

function answering(text: string): Sent[] {
  const sent: Sent[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    sent.push({ url, init });
    return new Response(text === "" ? null : text, { status: text === "" ? 204 : 200 });
  });
  return sent;
}

afterEach(() => vi.unstubAllGlobals());

test("what stands in a path is escaped", async () => {
  const sent = answering("[]");

  await call("GET /sources/{slug}/write-keys", { path: { slug: "a/b c" } });

  expect(sent[0]?.url).toBe("/api/v1/sources/a%2Fb%20c/write-keys");
});

test("parameters without a value are left out", async () => {
  const sent = answering("[]");

  await call("GET /sources", { query: { text: "", limit: 100, enabled: false } });

  expect(sent[0]?.url).toBe("/api/v1/sources?limit=100&enabled=false");
});

test("a body is sent as JSON, with the header that shows who asks", async () => {
  const sent = answering("{}");

  await exchange("PATCH /sources/{slug}", {
    path: { slug: "shop" },
    body: { enabled: false },
    headers: { "If-Match": '"3"' },
  });

  expect(sent[0]?.init).toMatchObject({ method: "PATCH", body: '{"enabled":false}' });
  expect(sent[0]?.init.headers).toMatchObject({
    "Content-Type": "application/json",
    "If-Match": '"3"',
    "X-Tailrace-Request": "1",
  });
});

test("an answer without a body is null", async () => {
  answering("");

  expect(await call("DELETE /session")).toBeNull();
});
