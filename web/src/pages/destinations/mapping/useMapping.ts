import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "@/api/calls";
import type { DestinationPreview, LanguageText } from "@/api/types";

const EVENTS_SHOWN = 25;
const SINCE = "30d";

/** A type with its actions, their fields and presets; it changes with the release alone. */
export function useTypeDetails(type: string) {
  return useQuery({
    queryKey: ["destination-types", type],
    queryFn: ({ signal }) => api.destinationType(type, signal),
    staleTime: Infinity,
  });
}

/** The newest stored events that a search finds. */
export function useFoundEvents(query: string) {
  return useQuery({
    queryKey: ["mapping", "events", query],
    queryFn: ({ signal }) =>
      api.search({ query, since: SINCE, until: null }, { limit: EVENTS_SHOWN }, signal),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}

/** What would become of an event; null asks nothing. The answer before stays in sight. */
export function usePreview(asked: DestinationPreview | null) {
  return useQuery({
    queryKey: ["mapping", "preview", asked],
    queryFn: ({ signal }) => (asked ? api.previewDestination(asked, signal) : []),
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    retry: false,
  });
}

/** What is wrong with a text, or easily misread; "" is not asked about. */
export function useTextCheck(language: LanguageText["language"], text: string) {
  return useQuery({
    queryKey: ["languages", "check", language, text],
    queryFn: ({ signal }) => api.checkText({ language, text }, signal),
    enabled: text.trim() !== "",
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    retry: false,
  });
}
