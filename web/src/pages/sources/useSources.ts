import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type QueryClient,
} from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { VersionedSource } from "@/api/types";

const EVERY_MS = 5_000;

/** All sources, for choosing one; what other pages ask for too. */
const ALL = ["sources"] as const;
const LISTS = ["sources", "pages"] as const;
const oneKey = (slug: string) => ["sources", "one", slug] as const;
const keysKey = (slug: string) => ["write-keys", slug] as const;
const changesKey = (slug: string) => ["audit-log", `sources/${slug}`] as const;

/** The sources whose slug or name has the text, page by page; the figures are kept fresh. */
export function useSourcePages(text: string) {
  return useInfiniteQuery({
    queryKey: [...LISTS, text],
    queryFn: ({ pageParam, signal }) => api.sourcePage({ text, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
  });
}

export function useSource(slug: string) {
  return useQuery({
    queryKey: oneKey(slug),
    queryFn: ({ signal }) => api.source(slug, signal),
    refetchInterval: EVERY_MS,
  });
}

export function useWriteKeys(slug: string) {
  return useQuery({
    queryKey: keysKey(slug),
    queryFn: ({ signal }) => api.writeKeys(slug, signal),
    refetchInterval: 6 * EVERY_MS,
  });
}

export function useChanges(slug: string) {
  return useInfiniteQuery({
    queryKey: changesKey(slug),
    queryFn: ({ pageParam, signal }) => api.changes(`sources/${slug}`, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
}

/** Asks for the lists of sources again, and not for a single one: it may be gone. */
export function listsChanged(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: LISTS });
  void client.invalidateQueries({ queryKey: ALL, exact: true });
}

/** Puts a new state in place of the one read before, and asks for what depends on it. */
export async function takeIn(client: QueryClient, changed: VersionedSource): Promise<void> {
  const { slug } = changed.source;
  // An answer on its way is older than this one.
  await client.cancelQueries({ queryKey: oneKey(slug) });
  client.setQueryData(oneKey(slug), changed);
  listsChanged(client);
  void client.invalidateQueries({ queryKey: changesKey(slug) });
}

/** Asks for everything about a source again, after its write keys changed. */
export function useKeysChanged(slug: string): () => void {
  const client = useQueryClient();
  return () => {
    for (const queryKey of [ALL, keysKey(slug), changesKey(slug)]) {
      void client.invalidateQueries({ queryKey });
    }
  };
}

/** A key for asking once: the same as long as what is asked for is the same. */
export function useOnce(asked: string): string {
  const [once, setOnce] = useState(() => ({ asked, key: randomKey() }));
  if (once.asked !== asked) setOnce({ asked, key: randomKey() });
  return once.key;
}

/** `crypto.randomUUID` is there over HTTPS alone. */
const randomKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
