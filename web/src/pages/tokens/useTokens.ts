import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/calls";

const TOKENS = ["tokens"] as const;

/** The tokens that the reader may see, page by page, the newest first. */
export function useTokenPages() {
  return useInfiniteQuery({
    queryKey: TOKENS,
    queryFn: ({ pageParam, signal }) => api.tokenPage(pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
}

/** Asks for the tokens again, and for what was noted of them. */
export function useTokensChanged(): () => void {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: TOKENS });
    void client.invalidateQueries({ queryKey: ["audit-log"] });
  };
}
