import { useCallback, useMemo, useSyncExternalStore } from "react";

/**
 * The address bar is where a page keeps its state, so that a link shows what its sender saw.
 *
 * `path` picks the page, the parameters are the page's own; an empty parameter is left out.
 */
const listeners = new Set<() => void>();

function notify(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener("popstate", notify);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener("popstate", notify);
  };
}

const currentUrl = () => location.pathname + location.search;

/** Goes to an address of the app; `replace` leaves no step behind for the Back button. */
export function navigate(url: string, { replace = false } = {}): void {
  if (url === currentUrl()) return;
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  notify();
}

export function useUrl(): { path: string; params: URLSearchParams } {
  const url = useSyncExternalStore(subscribe, currentUrl);
  return useMemo(() => {
    const { pathname, searchParams } = new URL(url, location.origin);
    return { path: pathname, params: searchParams };
  }, [url]);
}

export type ParamChanges = Record<string, string | null>;

/** The address with some parameters set, and those given as null or "" removed. */
export function withParams(path: string, params: URLSearchParams, changes: ParamChanges): string {
  const changed = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") changed.delete(name);
    else changed.set(name, value);
  }
  const text = changed.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** The current parameters, and how to change some of them. */
export function useParams(): [
  URLSearchParams,
  (changes: ParamChanges, options?: { replace?: boolean }) => void,
] {
  const { params } = useUrl();
  const change = useCallback((changes: ParamChanges, options?: { replace?: boolean }) => {
    const now = new URLSearchParams(location.search);
    navigate(withParams(location.pathname, now, changes), options);
  }, []);
  return [params, change];
}
