import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type QueryClient,
} from "@tanstack/react-query";
import { api } from "@/api/calls";
import type { DeadLettersWanted, Destination, DestinationType, Versioned } from "@/api/types";

const EVERY_MS = 3_000;

const LISTS = ["destinations", "pages"] as const;
const oneKey = (slug: string) => ["destinations", "one", slug] as const;
export const deliveryKey = (slug: string) => ["destinations", "delivery", slug] as const;
const lettersKey = (slug: string) => ["destinations", "dead-letters", slug] as const;
/** What the last check of its connection found. */
export const checkKey = (slug: string) => ["destinations", "check", slug] as const;
const versionsKey = (slug: string) => ["destinations", "versions", slug] as const;

/** The types that there are; they change with the release alone. */
export function useTypes() {
  return useQuery({
    queryKey: ["destination-types"],
    queryFn: ({ signal }) => api.destinationTypes(signal),
    staleTime: Infinity,
  });
}

/** What a type is called: its slug until that is known, and where its package is gone. */
export const typeName = (types: readonly DestinationType[] | undefined, slug: string): string =>
  types?.find((type) => type.slug === slug)?.name ?? slug;

/** The destinations whose slug or name has the text, with how each one fares, page by page. */
export function useDestinationPages(text: string) {
  return useInfiniteQuery({
    queryKey: [...LISTS, text],
    queryFn: ({ pageParam, signal }) => api.deliveryPage({ text, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
  });
}

export function useDestination(slug: string) {
  return useQuery({
    queryKey: oneKey(slug),
    queryFn: ({ signal }) => api.destination(slug, signal),
    refetchInterval: EVERY_MS,
  });
}

/** How it fares, kept fresh. */
export function useDelivery(slug: string) {
  return useQuery({
    queryKey: deliveryKey(slug),
    queryFn: ({ signal }) => api.delivery(slug, signal),
    refetchInterval: EVERY_MS,
  });
}

/** Its dead letters, the newest first; those that were loaded are kept fresh. */
export function useDeadLetters(slug: string, wanted: DeadLettersWanted) {
  return useInfiniteQuery({
    queryKey: [...lettersKey(slug), "pages", wanted],
    queryFn: ({ pageParam, signal }) => api.deadLetterPage(slug, wanted, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: 2 * EVERY_MS,
  });
}

export function useDeadLetter(slug: string, id: number) {
  return useQuery({
    queryKey: [...lettersKey(slug), "one", id],
    queryFn: ({ signal }) => api.deadLetter(slug, id, signal),
  });
}

export function useVersions(slug: string) {
  return useInfiniteQuery({
    queryKey: versionsKey(slug),
    queryFn: ({ pageParam, signal }) => api.destinationVersions(slug, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
}

/** Asks for the lists again, and not for a single one: it may be gone. */
export function listsChanged(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: LISTS });
}

/** Puts a new state in place of the one read before, and asks for what depends on it. */
export async function takeIn(client: QueryClient, changed: Versioned<Destination>): Promise<void> {
  const { slug } = changed.value;
  // An answer on its way is older than this one.
  await client.cancelQueries({ queryKey: oneKey(slug) });
  client.setQueryData(oneKey(slug), changed);
  listsChanged(client);
  for (const queryKey of [deliveryKey(slug), versionsKey(slug), ["audit-log"]]) {
    void client.invalidateQueries({ queryKey });
  }
}

/** Asks for the dead letters and the books again, after some were replayed or discarded. */
export function useLettersChanged(slug: string): () => Promise<unknown> {
  const client = useQueryClient();
  return () => {
    client.removeQueries({ queryKey: [...lettersKey(slug), "one"] });
    return Promise.all([
      client.invalidateQueries({ queryKey: lettersKey(slug) }),
      client.invalidateQueries({ queryKey: deliveryKey(slug) }),
    ]);
  };
}
