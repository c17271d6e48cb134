/** What is made of answers, and what requests say in their headers. */

import type { Answer } from "./client";
import { nextCursor } from "./pages";
import type { Paged, Versioned } from "./types";

export type Signal = AbortSignal | undefined;

export const page = <T>({ body, headers }: Answer<T[]>): Paged<T> => ({
  items: body,
  next: nextCursor(headers),
});

export const tagOf = (headers: Headers): string => headers.get("ETag") ?? "*";

export const tagged = <T>({ body, headers }: Answer<T>): Versioned<T> => ({
  value: body,
  etag: tagOf(headers),
});

export const ifMatch = (etag: string) => ({ "If-Match": etag });

/** Sent again with the same key, it is done once. */
export const once = (key: string) => ({ "Idempotency-Key": key });
