import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { Destination, DestinationTypeDetails, Versioned } from "@/api/types";
import { sameJson } from "./choice";
import { changesOf, draftOf, type RoutingDraft } from "./routing";

interface Kept {
  base: Versioned<Destination>;
  draft: RoutingDraft;
}

/** What is typed, and what it is a change of; it outlives a look at another view for a while. */
export function useRoutingDraft(current: Versioned<Destination>, type: DestinationTypeDetails) {
  const client = useQueryClient();
  const { slug } = current.value;
  const [{ base, draft }, set] = useState<Kept>(
    () =>
      client.getQueryData<Kept>(keyOf(slug)) ?? {
        base: current,
        draft: draftOf(current.value, type),
      },
  );
  const saved = useMemo(() => draftOf(base.value, type), [base, type]);
  const changes = changesOf(draft, saved);
  const isDirty = Object.keys(changes).length > 0;
  const startFrom = (state: Versioned<Destination>) =>
    set({ base: state, draft: draftOf(state.value, type) });
  if (current.etag !== base.etag) {
    if (!isDirty) startFrom(current);
    // Something else of it was changed, such as its settings: what is typed here still holds.
    else if (isSameRouting(current.value, base.value)) set({ base: current, draft });
  }
  useEffect(() => {
    if (isDirty) client.setQueryData<Kept>(keyOf(slug), { base, draft });
    else client.removeQueries({ queryKey: keyOf(slug) });
  }, [client, slug, isDirty, base, draft]);
  return {
    base,
    draft,
    changes,
    isDirty,
    startFrom,
    edit: (edited: Partial<RoutingDraft>) => set({ base, draft: { ...draft, ...edited } }),
  };
}

const keyOf = (slug: string) => ["mapping", "draft", slug] as const;

const isSameRouting = (a: Destination, b: Destination): boolean =>
  sameJson([a.subscriptions, a.filters], [b.subscriptions, b.filters]);
