import { exchange, request, type Answer } from "./client";
import { nextCursor } from "./pages";
import type {
  AuditEntry,
  EventAnswer,
  FieldsAnswer,
  HistogramAnswer,
  Paged,
  SearchAnswer,
  Session,
  SetAsideAnswer,
  Source,
  SourceSettings,
  Status,
  TraceAnswer,
  ValuesAnswer,
  VersionedSource,
  WriteKey,
} from "./types";

export interface Question {
  query: string;
  since: string;
  until: string | null;
}

type Signal = AbortSignal | undefined;

const withSignal = (signal: Signal) => (signal ? { signal } : {});

const get = <T>(path: string, signal?: Signal): Promise<T> =>
  request<T>("GET", path, withSignal(signal));

const post = <T>(path: string, body: unknown, signal?: Signal): Promise<T> =>
  request<T>("POST", path, { body, ...withSignal(signal) });

const getPage = async <T>(
  path: string,
  parameters: Record<string, string>,
  signal: Signal,
): Promise<Paged<T>> => {
  const given = Object.entries(parameters).filter(([, value]) => value !== "");
  const query = new URLSearchParams(given);
  const { body, headers } = await exchange<T[]>("GET", `${path}?${query}`, withSignal(signal));
  return { items: body, next: nextCursor(headers) };
};

const versioned = ({ body, headers }: Answer<Source>): VersionedSource => ({
  source: body,
  etag: headers.get("ETag") ?? "*",
});

const sourcePath = (slug: string): string => `/sources/${encodeURIComponent(slug)}`;

const bounds = ({ query, since, until }: Question) =>
  until === null ? { query, since } : { query, since, until };

export const api = {
  session: (signal?: Signal) => get<Session>("/session", signal),
  signIn: (token: string) => post<void>("/session", { token }),
  signOut: () => request<void>("DELETE", "/session"),
  status: (signal?: Signal) => get<Status>("/status", signal),
  /** The first thousand sources: for choosing one. */
  sources: (signal?: Signal) => get<Source[]>("/sources?limit=1000", signal),
  sourcePage: ({ text, cursor }: { text: string; cursor: string }, signal?: Signal) =>
    getPage<Source>("/sources", { text, cursor, limit: "100" }, signal),
  source: async (slug: string, signal?: Signal) =>
    versioned(await exchange<Source>("GET", sourcePath(slug), withSignal(signal))),
  /** Sent again with the same `once`, it makes no second source. */
  createSource: (draft: Pick<Source, "slug" | "name" | "kind">, once: string) =>
    request<Source>("POST", "/sources", { body: draft, headers: { "Idempotency-Key": once } }),
  changeSource: async (slug: string, changes: Partial<SourceSettings>, etag: string) =>
    versioned(
      await exchange<Source>("PATCH", sourcePath(slug), {
        body: changes,
        headers: { "If-Match": etag },
      }),
    ),
  deleteSource: (slug: string, etag: string) =>
    request<void>("DELETE", sourcePath(slug), { headers: { "If-Match": etag } }),
  writeKeys: (slug: string, signal?: Signal) =>
    get<WriteKey[]>(`${sourcePath(slug)}/write-keys`, signal),
  /** Adds a key; with `overlap_s` the others end after so many seconds. */
  addWriteKey: (slug: string, draft: { label: string; overlap_s: number | null }, once: string) =>
    request<WriteKey>("POST", `${sourcePath(slug)}/write-keys`, {
      body: draft,
      headers: { "Idempotency-Key": once },
    }),
  disableWriteKey: (slug: string, id: number) =>
    request<void>("DELETE", `${sourcePath(slug)}/write-keys/${id}`),
  changes: (resource: string, cursor: string, signal?: Signal) =>
    getPage<AuditEntry>("/audit-log", { resource, cursor, limit: "20" }, signal),
  search: (
    question: Question,
    { limit, cursor }: { limit: number; cursor?: string | null },
    signal?: Signal,
  ) =>
    post<SearchAnswer>(
      "/search",
      { ...bounds(question), limit, ...(cursor ? { cursor } : {}) },
      signal,
    ),
  setAside: (source: string, limit: number, signal?: Signal) =>
    get<SetAsideAnswer>(
      `/set-aside?${new URLSearchParams({ since: "24h", limit: String(limit), ...(source ? { source } : {}) })}`,
      signal,
    ),
  histogram: (question: Question, signal?: Signal) =>
    post<HistogramAnswer>("/histogram", bounds(question), signal),
  values: (question: Question, field: string, limit: number, signal?: Signal) =>
    post<ValuesAnswer>("/values", { ...bounds(question), field, limit }, signal),
  fields: (signal?: Signal) => get<FieldsAnswer>("/fields", signal),
  event: (messageId: string, source: string, signal?: Signal) =>
    get<EventAnswer>(`/event?${new URLSearchParams({ message_id: messageId, source })}`, signal),
  trace: (messageId: string, source: string, signal?: Signal) =>
    get<TraceAnswer>(`/trace?${new URLSearchParams({ message_id: messageId, source })}`, signal),
};
