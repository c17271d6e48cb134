import { page, type Signal } from "./answers";
import { call, exchange } from "./client";
import type { BackfillDraft, DeadLetterChoice } from "./types";

export type Move = "pause" | "resume" | "cancel";

const at = (slug: string, id: number) => ({ slug, backfill_id: id });

/** Backfills of a destination: the past, sent to it. */
export const backfills = {
  /** Counts what a backfill would send, and shows some. */
  preview: (slug: string, draft: BackfillDraft) =>
    call("POST /destinations/{slug}/backfills/preview", { path: { slug }, body: draft }),
  start: (slug: string, draft: BackfillDraft) =>
    call("POST /destinations/{slug}/backfills", { path: { slug }, body: draft }),
  page: async (slug: string, cursor: string, signal?: Signal) =>
    page(
      await exchange("GET /destinations/{slug}/backfills", {
        path: { slug },
        query: { cursor, limit: 20 },
        signal,
      }),
    ),
  one: (slug: string, id: number, signal?: Signal) =>
    call("GET /destinations/{slug}/backfills/{backfill_id}", { path: at(slug, id), signal }),
  move: (slug: string, id: number, move: Move) =>
    call(`POST /destinations/{slug}/backfills/{backfill_id}/${move}`, { path: at(slug, id) }),
  letterPage: async (slug: string, id: number, cursor: string, signal?: Signal) =>
    page(
      await exchange("GET /destinations/{slug}/backfills/{backfill_id}/dead-letters", {
        path: at(slug, id),
        query: { cursor, limit: 50 },
        signal,
      }),
    ),
  letter: (slug: string, id: number, letter: number, signal?: Signal) =>
    call("GET /destinations/{slug}/backfills/{backfill_id}/dead-letters/{letter_id}", {
      path: { ...at(slug, id), letter_id: letter },
      signal,
    }),
  replay: (slug: string, id: number, chosen: DeadLetterChoice) =>
    call("POST /destinations/{slug}/backfills/{backfill_id}/dead-letters/replay", {
      path: at(slug, id),
      body: chosen,
    }),
  discard: (slug: string, id: number, chosen: DeadLetterChoice) =>
    call("POST /destinations/{slug}/backfills/{backfill_id}/dead-letters/discard", {
      path: at(slug, id),
      body: chosen,
    }),
};
