import { call, exchange, type Answer } from "./client";
import { nextCursor } from "./pages";
import type {
  Acceptance,
  ApiTokenDraft,
  AuditWanted,
  DeadLetterChoice,
  DestinationChange,
  DestinationDraft,
  InviteDraft,
  JsonObject,
  MemberChange,
  Paged,
  PasswordChange,
  Role,
  Source,
  SourceSettings,
  Versioned,
  VersionedSource,
  WorkspaceSettings,
} from "./types";

export interface Question {
  query: string;
  since: string;
  until: string | null;
}

type Signal = AbortSignal | undefined;

const page = <T>({ body, headers }: Answer<T[]>): Paged<T> => ({
  items: body,
  next: nextCursor(headers),
});

const tagOf = (headers: Headers): string => headers.get("ETag") ?? "*";

const versioned = ({ body, headers }: Answer<Source>): VersionedSource => ({
  source: body,
  etag: tagOf(headers),
});

const tagged = <T>({ body, headers }: Answer<T>): Versioned<T> => ({
  value: body,
  etag: tagOf(headers),
});

const ifMatch = (etag: string) => ({ "If-Match": etag });

const once = (key: string) => ({ "Idempotency-Key": key });

const bounds = ({ query, since, until }: Question) =>
  until === null ? { query, since } : { query, since, until };

export const api = {
  session: (signal?: Signal) => call("GET /session", { signal }),
  signIn: (proof: { token: string } | { email: string; password: string }) =>
    call("POST /session", { body: proof }),
  signOut: () => call("DELETE /session"),
  /** What a link of an invite is good for; looking does not use it up. */
  showInvite: (token: string, signal?: Signal) =>
    call("POST /invites/show", { body: { token }, signal }),
  acceptInvite: (draft: Acceptance) => call("POST /invites/accept", { body: draft }),
  me: (signal?: Signal) => call("GET /me", { signal }),
  renameMe: (name: string) => call("PATCH /me", { body: { name } }),
  changePassword: (draft: PasswordChange) => call("POST /me/password", { body: draft }),
  mySessions: (signal?: Signal) => call("GET /me/sessions", { signal }),
  endSession: (id: string) =>
    call("DELETE /me/sessions/{session_id}", { path: { session_id: id } }),
  endAllSessions: () => call("DELETE /me/sessions"),
  status: (signal?: Signal) => call("GET /status", { signal }),
  /** The first thousand sources: for choosing one. */
  sources: (signal?: Signal) => call("GET /sources", { query: { limit: 1000 }, signal }),
  sourcePage: async ({ text, cursor }: { text: string; cursor: string }, signal?: Signal) =>
    page(await exchange("GET /sources", { query: { text, cursor, limit: 100 }, signal })),
  source: async (slug: string, signal?: Signal) =>
    versioned(await exchange("GET /sources/{slug}", { path: { slug }, signal })),
  /** Sent again with the same `key`, it makes no second source. */
  createSource: (draft: Pick<Source, "slug" | "name" | "kind">, key: string) =>
    call("POST /sources", { body: draft, headers: once(key) }),
  changeSource: async (slug: string, changes: SourceSettings, etag: string) =>
    versioned(
      await exchange("PATCH /sources/{slug}", {
        path: { slug },
        body: changes,
        headers: ifMatch(etag),
      }),
    ),
  deleteSource: (slug: string, etag: string) =>
    call("DELETE /sources/{slug}", { path: { slug }, headers: ifMatch(etag) }),
  writeKeys: (slug: string, signal?: Signal) =>
    call("GET /sources/{slug}/write-keys", { path: { slug }, signal }),
  /** Adds a key; with `overlap_s` the others end after so many seconds. */
  addWriteKey: (slug: string, draft: { label: string; overlap_s: number | null }, key: string) =>
    call("POST /sources/{slug}/write-keys", { path: { slug }, body: draft, headers: once(key) }),
  disableWriteKey: (slug: string, id: number) =>
    call("DELETE /sources/{slug}/write-keys/{key_id}", { path: { slug, key_id: id } }),
  changes: async (resource: string, cursor: string, signal?: Signal) =>
    page(await exchange("GET /audit-log", { query: { resource, cursor, limit: 20 }, signal })),
  destinationTypes: (signal?: Signal) => call("GET /destination-types", { signal }),
  destinationPage: async ({ text, cursor }: { text: string; cursor: string }, signal?: Signal) =>
    page(await exchange("GET /destinations", { query: { text, cursor, limit: 50 }, signal })),
  destination: async (slug: string, signal?: Signal) =>
    tagged(await exchange("GET /destinations/{slug}", { path: { slug }, signal })),
  /** Sent again with the same `key`, it makes no second destination. */
  createDestination: (draft: DestinationDraft, key: string) =>
    call("POST /destinations", { body: draft, headers: once(key) }),
  changeDestination: async (slug: string, changes: DestinationChange, etag: string) =>
    tagged(
      await exchange("PATCH /destinations/{slug}", {
        path: { slug },
        body: changes,
        headers: ifMatch(etag),
      }),
    ),
  deleteDestination: (slug: string, etag: string) =>
    call("DELETE /destinations/{slug}", { path: { slug }, headers: ifMatch(etag) }),
  destinationVersions: async (slug: string, cursor: string, signal?: Signal) =>
    page(
      await exchange("GET /destinations/{slug}/versions", {
        path: { slug },
        query: { cursor, limit: 20 },
        signal,
      }),
    ),
  restoreDestination: async (slug: string, version: number, etag: string) =>
    tagged(
      await exchange("POST /destinations/{slug}/restore", {
        path: { slug },
        body: { version },
        headers: ifMatch(etag),
      }),
    ),
  delivery: (slug: string, signal?: Signal) =>
    call("GET /destinations/{slug}/delivery", { path: { slug }, signal }),
  deadLetterPage: async (
    slug: string,
    { reason, text, cursor }: { reason: string; text: string; cursor: string },
    signal?: Signal,
  ) =>
    page(
      await exchange("GET /destinations/{slug}/dead-letters", {
        path: { slug },
        query: { reason, text, cursor, limit: 50 },
        signal,
      }),
    ),
  deadLetter: (slug: string, id: number, signal?: Signal) =>
    call("GET /destinations/{slug}/dead-letters/{letter_id}", {
      path: { slug, letter_id: id },
      signal,
    }),
  replayDeadLetters: (slug: string, chosen: DeadLetterChoice) =>
    call("POST /destinations/{slug}/dead-letters/replay", { path: { slug }, body: chosen }),
  discardDeadLetters: (slug: string, chosen: DeadLetterChoice) =>
    call("POST /destinations/{slug}/dead-letters/discard", { path: { slug }, body: chosen }),
  /** Sends one event for real, a sample without `event`; it is not counted. */
  testDestination: (
    slug: string,
    { event, subscription }: { event: JsonObject | null; subscription: string },
  ) =>
    call("POST /destinations/{slug}/test", {
      path: { slug },
      body: { subscription, ...(event ? { event } : {}) },
    }),
  search: (
    question: Question,
    { limit, cursor }: { limit: number; cursor?: string | null },
    signal?: Signal,
  ) =>
    call("POST /search", {
      body: { ...bounds(question), limit, ...(cursor ? { cursor } : {}) },
      signal,
    }),
  setAside: (source: string, limit: number, signal?: Signal) =>
    call("GET /set-aside", { query: { since: "24h", limit, source }, signal }),
  histogram: (question: Question, signal?: Signal) =>
    call("POST /histogram", { body: bounds(question), signal }),
  values: (question: Question, field: string, limit: number, signal?: Signal) =>
    call("POST /values", { body: { ...bounds(question), field, limit }, signal }),
  fields: (signal?: Signal) => call("GET /fields", { signal }),
  event: (messageId: string, source: string, signal?: Signal) =>
    call("GET /event", { query: { message_id: messageId, source }, signal }),
  trace: (messageId: string, source: string, signal?: Signal) =>
    call("GET /trace", { query: { message_id: messageId, source }, signal }),
  memberPage: async (
    { text, role, cursor }: { text: string; role: Role | ""; cursor: string },
    signal?: Signal,
  ) =>
    page(
      await exchange("GET /members", {
        query: { text, cursor, limit: 100, ...(role === "" ? {} : { role }) },
        signal,
      }),
    ),
  member: async (id: string, signal?: Signal) =>
    tagged(await exchange("GET /members/{member_id}", { path: { member_id: id }, signal })),
  changeMember: (id: string, changes: MemberChange, etag: string) =>
    call("PATCH /members/{member_id}", {
      path: { member_id: id },
      body: changes,
      headers: ifMatch(etag),
    }),
  removeMember: (id: string) => call("DELETE /members/{member_id}", { path: { member_id: id } }),
  /** Makes a link by which the member sets a new password. */
  makeResetLink: (id: string) =>
    call("POST /members/{member_id}/reset-link", { path: { member_id: id } }),
  signOutMember: (id: string) =>
    call("POST /members/{member_id}/sign-out", { path: { member_id: id } }),
  invites: (signal?: Signal) => call("GET /invites", { query: { limit: 1000 }, signal }),
  invite: (draft: InviteDraft) => call("POST /invites", { body: draft }),
  revokeInvite: (id: number) => call("DELETE /invites/{invite_id}", { path: { invite_id: id } }),
  tokenPage: async (cursor: string, signal?: Signal) =>
    page(await exchange("GET /tokens", { query: { cursor, limit: 100 }, signal })),
  createToken: (draft: ApiTokenDraft) => call("POST /tokens", { body: draft }),
  revokeToken: (id: string) => call("DELETE /tokens/{token_id}", { path: { token_id: id } }),
  settings: async (signal?: Signal) => tagged(await exchange("GET /settings", { signal })),
  changeSettings: async (changes: Partial<WorkspaceSettings>, etag: string) =>
    tagged(await exchange("PATCH /settings", { body: changes, headers: ifMatch(etag) })),
  auditPage: async (wanted: AuditWanted, cursor: string, signal?: Signal) =>
    page(await exchange("GET /audit-log", { query: { ...wanted, cursor, limit: 50 }, signal })),
};
