import { exchange, request, type Answer } from "./client";
import { nextCursor } from "./pages";
import type {
  ApiToken,
  ApiTokenDraft,
  AuditEntry,
  AuditWanted,
  EventAnswer,
  FieldsAnswer,
  HistogramAnswer,
  Invite,
  InviteDraft,
  InviteShown,
  Me,
  Member,
  NewApiToken,
  NewInvite,
  NewLink,
  OpenSession,
  Paged,
  SearchAnswer,
  Session,
  SetAsideAnswer,
  Source,
  SourceSettings,
  Status,
  TraceAnswer,
  ValuesAnswer,
  Versioned,
  VersionedSource,
  WorkspaceSettings,
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

const tagged = <T>({ body, headers }: Answer<T>): Versioned<T> => ({
  value: body,
  etag: headers.get("ETag") ?? "*",
});

const memberPath = (id: string): string => `/members/${encodeURIComponent(id)}`;

const sourcePath = (slug: string): string => `/sources/${encodeURIComponent(slug)}`;

const bounds = ({ query, since, until }: Question) =>
  until === null ? { query, since } : { query, since, until };

export const api = {
  session: (signal?: Signal) => get<Session>("/session", signal),
  signIn: (proof: { token: string } | { email: string; password: string }) =>
    post<void>("/session", proof),
  signOut: () => request<void>("DELETE", "/session"),
  /** What a link of an invite is good for; looking does not use it up. */
  showInvite: (token: string, signal?: Signal) =>
    post<InviteShown>("/invites/show", { token }, signal),
  acceptInvite: (draft: { token: string; name?: string; password: string }) =>
    post<void>("/invites/accept", draft),
  me: (signal?: Signal) => get<Me>("/me", signal),
  renameMe: (name: string) => request<Me>("PATCH", "/me", { body: { name } }),
  changePassword: (draft: { current_password: string; new_password: string }) =>
    post<void>("/me/password", draft),
  mySessions: (signal?: Signal) => get<OpenSession[]>("/me/sessions", signal),
  endSession: (id: string) => request<void>("DELETE", `/me/sessions/${encodeURIComponent(id)}`),
  endAllSessions: () => request<void>("DELETE", "/me/sessions"),
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
  memberPage: (wanted: { text: string; role: string; cursor: string }, signal?: Signal) =>
    getPage<Member>("/members", { ...wanted, limit: "100" }, signal),
  member: async (id: string, signal?: Signal) =>
    tagged(await exchange<Member>("GET", memberPath(id), withSignal(signal))),
  changeMember: (
    id: string,
    changes: Partial<Pick<Member, "name" | "role" | "sources">>,
    etag: string,
  ) => request<Member>("PATCH", memberPath(id), { body: changes, headers: { "If-Match": etag } }),
  removeMember: (id: string) => request<void>("DELETE", memberPath(id)),
  /** Makes a link by which the member sets a new password. */
  makeResetLink: (id: string) => request<NewLink>("POST", `${memberPath(id)}/reset-link`),
  signOutMember: (id: string) => request<void>("POST", `${memberPath(id)}/sign-out`),
  invites: (signal?: Signal) => get<Invite[]>("/invites", signal),
  invite: (draft: InviteDraft) => post<NewInvite>("/invites", draft),
  revokeInvite: (id: number) => request<void>("DELETE", `/invites/${id}`),
  tokenPage: (cursor: string, signal?: Signal) =>
    getPage<ApiToken>("/tokens", { cursor, limit: "100" }, signal),
  createToken: (draft: ApiTokenDraft) => post<NewApiToken>("/tokens", draft),
  revokeToken: (id: string) => request<void>("DELETE", `/tokens/${encodeURIComponent(id)}`),
  settings: async (signal?: Signal) =>
    tagged(await exchange<WorkspaceSettings>("GET", "/settings", withSignal(signal))),
  changeSettings: async (changes: Partial<WorkspaceSettings>, etag: string) =>
    tagged(
      await exchange<WorkspaceSettings>("PATCH", "/settings", {
        body: changes,
        headers: { "If-Match": etag },
      }),
    ),
  auditPage: (wanted: AuditWanted, cursor: string, signal?: Signal) =>
    getPage<AuditEntry>("/audit-log", { ...wanted, cursor, limit: "50" }, signal),
};
