import { ifMatch, once, page, tagged, type Signal } from "./answers";
import { call, exchange } from "./client";
import type { AlertChange, AlertDraft } from "./types";

/** Delivery alerts: who is told when a destination is in trouble. */
export const alerts = {
  page: async (cursor: string, signal?: Signal) =>
    page(await exchange("GET /delivery-alerts", { query: { cursor, limit: 100 }, signal })),
  one: async (slug: string, signal?: Signal) =>
    tagged(await exchange("GET /delivery-alerts/{slug}", { path: { slug }, signal })),
  /** Sent again with the same `key`, it makes no second alert. */
  create: (draft: AlertDraft, key: string) =>
    call("POST /delivery-alerts", { body: draft, headers: once(key) }),
  change: async (slug: string, changes: AlertChange, etag: string) =>
    tagged(
      await exchange("PATCH /delivery-alerts/{slug}", {
        path: { slug },
        body: changes,
        headers: ifMatch(etag),
      }),
    ),
  remove: (slug: string, etag: string) =>
    call("DELETE /delivery-alerts/{slug}", { path: { slug }, headers: ifMatch(etag) }),
  /** The first thousand destinations: for choosing those that are watched. */
  watchable: (signal?: Signal) => call("GET /destinations", { query: { limit: 1000 }, signal }),
  /** Sends a test message to each place, and says how it was taken. */
  test: (slug: string) => call("POST /delivery-alerts/{slug}/test", { path: { slug } }),
};
