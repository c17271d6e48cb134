import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type InfiniteData,
} from "@tanstack/react-query";
import { backfills } from "@/api/backfills";
import type { Backfill, Paged } from "@/api/types";
import { isMoving } from "./words";

const EVERY_MS = 2_000;
const QUIET_MS = 10_000;

const allKey = (slug: string) => ["backfills", slug] as const;
const listKey = (slug: string) => [...allKey(slug), "pages"] as const;
const oneKey = (slug: string, id: number) => [...allKey(slug), "one", id] as const;
const lettersKey = (slug: string, id: number) => [...allKey(slug), "dead-letters", id] as const;

const isAnyMoving = (found: InfiniteData<Paged<Backfill>> | undefined): boolean =>
  (found?.pages ?? []).some((page) => page.items.some(isMoving));

/** The backfills of a destination, the newest first; asked for often while one moves. */
export function useBackfills(slug: string) {
  return useInfiniteQuery({
    queryKey: listKey(slug),
    queryFn: ({ pageParam, signal }) => backfills.page(slug, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: ({ state }) => (isAnyMoving(state.data) ? EVERY_MS : QUIET_MS),
  });
}

export function useBackfill(slug: string, id: number) {
  return useQuery({
    queryKey: oneKey(slug, id),
    queryFn: ({ signal }) => backfills.one(slug, id, signal),
    refetchInterval: ({ state }) => (state.data && isMoving(state.data) ? EVERY_MS : QUIET_MS),
  });
}

/** What a backfill could not get rid of, the newest first. */
export function useBackfillLetters(slug: string, id: number) {
  return useInfiniteQuery({
    queryKey: [...lettersKey(slug, id), "pages"],
    queryFn: ({ pageParam, signal }) => backfills.letterPage(slug, id, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: QUIET_MS,
  });
}

export function useBackfillLetter(slug: string, id: number, letter: number) {
  return useQuery({
    queryKey: [...lettersKey(slug, id), "one", letter],
    queryFn: ({ signal }) => backfills.letter(slug, id, letter, signal),
  });
}

/** Puts a new state in place of the one read before, and asks for what depends on it. */
export function useTakenIn(slug: string): (changed: Backfill) => Promise<void> {
  const client = useQueryClient();
  return async (changed) => {
    // An answer on its way is older than this one.
    await client.cancelQueries({ queryKey: oneKey(slug, changed.id) });
    client.setQueryData(oneKey(slug, changed.id), changed);
    void client.invalidateQueries({ queryKey: listKey(slug) });
    void client.invalidateQueries({ queryKey: ["audit-log"] });
  };
}

/** Asks for the dead letters and the books again, and not for single letters: they may be gone. */
export function useLettersChanged(slug: string, id: number): () => Promise<unknown> {
  const client = useQueryClient();
  return () => {
    const keys = [[...lettersKey(slug, id), "pages"], oneKey(slug, id), listKey(slug)];
    return Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })));
  };
}
