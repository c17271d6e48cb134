import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type QueryClient,
} from "@tanstack/react-query";
import { api } from "@/api/calls";
import type { Role } from "@/api/types";

const MEMBERS = ["members"] as const;
const LISTS = [...MEMBERS, "pages"] as const;
const oneKey = (id: string) => [...MEMBERS, "one", id] as const;
const INVITES = ["invites"] as const;

/** The members whose name or address has the text, of one role where one is given. */
export function useMemberPages(wanted: { text: string; role: Role | "" }) {
  return useInfiniteQuery({
    queryKey: [...LISTS, wanted.text, wanted.role],
    queryFn: ({ pageParam, signal }) => api.memberPage({ ...wanted, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

/** A member as they are now, with the tag that a change must name. */
export function useMember(id: string) {
  return useQuery({
    queryKey: oneKey(id),
    queryFn: ({ signal }) => api.member(id, signal),
    gcTime: 0,
  });
}

export function useInvites() {
  return useQuery({ queryKey: INVITES, queryFn: ({ signal }) => api.invites(signal) });
}

/** Asks again for everything that tells who may sign in, and for what was noted of it. */
function refresh(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: LISTS });
  void client.invalidateQueries({ queryKey: INVITES });
  void client.invalidateQueries({ queryKey: ["audit-log"] });
}

export function usePeopleChanged(): () => void {
  const client = useQueryClient();
  return () => refresh(client);
}
