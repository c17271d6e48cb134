import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, type Question } from "@/api/calls";

export const PAGE_EVENTS = 100;

/** The events that match, newest first, page by page. `asked` changes to ask again. */
export function useSearch(question: Question, asked: number) {
  return useInfiniteQuery({
    queryKey: ["search", question, asked],
    queryFn: ({ pageParam, signal }) =>
      api.search(question, { limit: PAGE_EVENTS, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.cursor,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}

export function useHistogram(question: Question, asked: number, isOn: boolean) {
  return useQuery({
    queryKey: ["histogram", question, asked],
    queryFn: ({ signal }) => api.histogram(question, signal),
    enabled: isOn,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}

export function useValues(question: Question, field: string, asked: number, isOn: boolean) {
  return useQuery({
    queryKey: ["values", question, field, asked],
    queryFn: ({ signal }) => api.values(question, field, 12, signal),
    enabled: isOn,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}

/** The fields that the newest events have; not worth asking for often. */
export function useFields() {
  return useQuery({
    queryKey: ["fields"],
    queryFn: ({ signal }) => api.fields(signal),
    staleTime: 60_000,
  });
}
