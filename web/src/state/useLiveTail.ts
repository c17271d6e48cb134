import { useEffect, useMemo, useSyncExternalStore } from "react";
import { api } from "@/api/calls";
import { ApiError, call } from "@/api/client";
import { queryOfFilters, type TailFilters } from "@/events/query";
import { eventRow, setAsideRow, type Row } from "@/events/rows";
import { LiveTail, type LiveOptions } from "./liveTail";

const EARLIER_MAX = 100;

const livePath = ({ source, type, text }: TailFilters): string => {
  const params = new URLSearchParams();
  if (source) params.set("source", source);
  if (type) params.set("type", type);
  if (text) params.set("text", text);
  const query = params.toString();
  return query ? `/live?${query}` : "/live";
};

/** What came before, stored or set aside, newest first. */
async function earlier(filters: TailFilters, signal: AbortSignal): Promise<Row[]> {
  const question = { query: queryOfFilters(filters), since: "24h", until: null };
  const isFiltered = filters.type !== "" || filters.text !== "";
  const [stored, setAside] = await Promise.all([
    api.search(question, { limit: EARLIER_MAX }, signal),
    isFiltered ? null : api.setAside(filters.source, EARLIER_MAX, signal),
  ]);
  const rows = [...stored.events.map(eventRow), ...(setAside?.events ?? []).map(setAsideRow)];
  rows.sort((a, b) => (a.event.received_at < b.event.received_at ? 1 : -1));
  return rows.slice(0, EARLIER_MAX);
}

async function whyRefused(filters: TailFilters): Promise<string | null> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 3000);
  try {
    const { source, type, text } = filters;
    await call("GET /live", { query: { source, type, text }, signal: abort.signal });
    return null;
  } catch (error) {
    return error instanceof ApiError ? error.message : null;
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

const OPTIONS: LiveOptions = {
  open: (filters) => new EventSource(`/api/v1${livePath(filters)}`),
  earlier,
  whyRefused,
};

/** A live tail with these filters, running while the component is shown. */
export function useLiveTail({ source, type, text }: TailFilters) {
  const tail = useMemo(() => new LiveTail({ source, type, text }, OPTIONS), [source, type, text]);
  useEffect(() => {
    tail.start();
    return () => tail.stop();
  }, [tail]);
  const snapshot = useSyncExternalStore(tail.subscribe, tail.snapshot);
  return { tail, ...snapshot };
}
