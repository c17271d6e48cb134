import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/calls";

export const SESSIONS = ["my-sessions"] as const;

const EVERY_MS = 30_000;

/** The browsers in which one is signed in. */
export function useSessions() {
  return useQuery({
    queryKey: SESSIONS,
    queryFn: ({ signal }) => api.mySessions(signal),
    refetchInterval: EVERY_MS,
  });
}
