import {
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  keepPreviousData,
} from "@tanstack/react-query";
import { api } from "@/api/calls";
import { deliveryKey } from "../useDestinations";

const LIVE_MS = 2_000;
const WAITING_MS = 3_000;

const recentKey = (slug: string) => ["destinations", "recent", slug] as const;
const waitingKey = (slug: string) => ["destinations", "waiting", slug] as const;

/** The last deliveries, renewed while somebody watches them. */
export function useRecent(slug: string, { outcome, isLive }: { outcome: string; isLive: boolean }) {
  return useQuery({
    queryKey: [...recentKey(slug), outcome],
    queryFn: ({ signal }) => api.recentDeliveries(slug, outcome, signal),
    placeholderData: keepPreviousData,
    refetchInterval: isLive ? LIVE_MS : false,
    refetchOnWindowFocus: isLive,
  });
}

/** What waits out of line, in the order in which it went there. */
export function useWaiting(slug: string) {
  return useInfiniteQuery({
    queryKey: [...waitingKey(slug), "pages"],
    queryFn: ({ pageParam, signal }) => api.waitingPage(slug, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: WAITING_MS,
  });
}

export function useWaitingEvent(slug: string, id: number) {
  return useQuery({
    queryKey: [...waitingKey(slug), "one", id],
    queryFn: ({ signal }) => api.waitingEvent(slug, id, signal),
    refetchInterval: (query) => (query.state.error ? false : WAITING_MS),
  });
}

/** Asks again for all that changes when something is tried, skipped or held back. */
export function useDeliveriesChanged(slug: string): () => Promise<unknown> {
  const client = useQueryClient();
  return () =>
    Promise.all(
      [deliveryKey(slug), waitingKey(slug), recentKey(slug), ["audit-log"]].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    );
}
