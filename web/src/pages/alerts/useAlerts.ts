import {
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type QueryClient,
} from "@tanstack/react-query";
import { alerts } from "@/api/alerts";
import type { Alert, Versioned } from "@/api/types";

const EVERY_MS = 3_000;

const LISTS = ["alerts", "pages"] as const;
const oneKey = (slug: string) => ["alerts", "one", slug] as const;

/** The alerts with how each one stands, page by page. */
export function useAlertPages() {
  return useInfiniteQuery({
    queryKey: LISTS,
    queryFn: ({ pageParam, signal }) => alerts.page(pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: EVERY_MS,
  });
}

export function useAlert(slug: string) {
  return useQuery({
    queryKey: oneKey(slug),
    queryFn: ({ signal }) => alerts.one(slug, signal),
    refetchInterval: EVERY_MS,
  });
}

/** The destinations that can be watched: the first thousand. */
export function useWatchable() {
  return useQuery({
    queryKey: ["destinations", "all"],
    queryFn: ({ signal }) => alerts.watchable(signal),
  });
}

/** Asks for the lists again, and not for a single one: it may be gone. */
export function listsChanged(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: LISTS });
  void client.invalidateQueries({ queryKey: ["audit-log"] });
}

/** Puts a new state in place of the one read before. */
export function useTakenIn(): (changed: Versioned<Alert>) => Promise<void> {
  const client = useQueryClient();
  return async (changed) => {
    const queryKey = oneKey(changed.value.slug);
    // An answer on its way is older than this one.
    await client.cancelQueries({ queryKey });
    client.setQueryData(queryKey, changed);
    listsChanged(client);
  };
}
