import { ifMatch, once, page, tagged, tagOf, type Signal } from "./answers";
import { call, exchange, type Answer } from "./client";
import type {
  Acceptance,
  ApiTokenDraft,
  AuditWanted,
  DeadLetterChoice,
  DeadLettersWanted,
  DestinationChange,
  DestinationCheck,
  DestinationDraft,
  DestinationPreview,
  InviteDraft,
  JsonObject,
  LanguageText,
  MemberChange,
  PasswordChange,
  PreviewedDestination,
  Role,
  Source,
  SourceSettings,
  VersionedSource,
  WorkspaceSettings,
} from "./types";

export interface Question {
  query: string;
  since: string;
  until: string | null;
}

const versioned = ({ body, headers }: Answer<Source>): VersionedSource => ({
  source: body,
  etag: tagOf(headers),
});

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
  destinationType: (slug: string, signal?: Signal) =>
    call("GET /destination-types/{slug}", { path: { slug }, signal }),
  /** What would become of one event; nothing is sent or saved. */
  previewDestination: (asked: DestinationPreview, signal?: Signal) =>
    call("POST /destinations/preview", { body: asked, signal }),
  /** What would become of the newest stored events; nothing is sent or saved. */
  dryRunDestination: (destination: PreviewedDestination, events: number) =>
    call("POST /destinations/dry-run", { body: { destination, events } }),
  checkText: (draft: LanguageText, signal?: Signal) =>
    call("POST /languages/check", { body: draft, signal }),
  /** Destinations with how each one fares, in one answer. */
  deliveryPage: async ({ text, cursor }: { text: string; cursor: string }, signal?: Signal) =>
    page(await exchange("GET /deliveries", { query: { text, cursor, limit: 50 }, signal })),
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
  /** Gives up what was received before a moment, "now" or a time, and has no outcome yet. */
  skipEvents: (slug: string, until: string) =>
    call("POST /destinations/{slug}/skip", { path: { slug }, body: { until } }),
  drainDestination: (slug: string) => call("POST /destinations/{slug}/drain", { path: { slug } }),
  resumeDestination: (slug: string) => call("POST /destinations/{slug}/resume", { path: { slug } }),
  /** Looks whether the tool can be reached with settings as they are typed; nothing is written. */
  checkSettings: (check: DestinationCheck) => call("POST /destinations/check", { body: check }),
  checkDestination: (slug: string) => call("POST /destinations/{slug}/check", { path: { slug } }),
  recentDeliveries: (slug: string, outcome: string, signal?: Signal) =>
    call("GET /destinations/{slug}/recent", { path: { slug }, query: { outcome }, signal }),
  waitingPage: async (slug: string, cursor: string, signal?: Signal) =>
    page(
      await exchange("GET /destinations/{slug}/waiting", {
        path: { slug },
        query: { cursor, limit: 50 },
        signal,
      }),
    ),
  waitingEvent: (slug: string, id: number, signal?: Signal) =>
    call("GET /destinations/{slug}/waiting/{waiting_id}", {
      path: { slug, waiting_id: id },
      signal,
    }),
  /** Tries now what waits out of line: some with what goes before them, or all. */
  retryWaiting: (slug: string, chosen: { ids: number[] } | { all: true }) =>
    call("POST /destinations/{slug}/waiting/retry-now", { path: { slug }, body: chosen }),
  deadLetterPage: async (
    slug: string,
    wanted: DeadLettersWanted,
    cursor: string,
    signal?: Signal,
  ) =>
    page(
      await exchange("GET /destinations/{slug}/dead-letters", {
        path: { slug },
        query: { ...wanted, cursor, limit: 50 },
        signal,
      }),
    ),
  /** Tries one again, as the event that somebody made of it. */
  replayDeadLetter: (slug: string, id: number, event: JsonObject) =>
    call("POST /destinations/{slug}/dead-letters/{letter_id}/replay", {
      path: { slug, letter_id: id },
      body: { event },
    }),
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
