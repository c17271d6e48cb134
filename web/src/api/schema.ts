// Made by `make api-types` from the OpenAPI description of the API; changes belong there.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

/** The token of a link, the password to set, and the name of a new member. */
export interface Acceptance {
  token: string;
  password: string;
  name?: string;
}

/**
 * A file, the values of the secrets that it refers to, and what to do about the rest.
 *
 * With `prune`, what the file does not name is removed from the sections that it has.
 */
export interface Asked {
  text: string;
  file_name?: string;
  /** By `env:NAME` or `file:PATH`, as the file has them. */
  secrets?: Record<string, string>;
  prune?: boolean;
}

/** What was counted where the events lie; null for a place that was not counted as a whole. */
export interface Audit {
  balanced: boolean;
  is_complete: boolean;
  checked: string[];
  raw_events: number | null;
  events_log_events: number | null;
  store_rows: number | null;
  differences: LedgerDifference[];
  differences_left_out: number;
}

/** One change; `before` and `after` hold the settings, secrets as `***`. */
export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  action: string;
  resource: string;
  before: JsonObject | null;
  after: JsonObject | null;
}

/** Events from `at` on for the interval; `by` counts them per value of `values`, in order. */
export interface Bucket {
  at: string;
  events: number;
  by?: number[];
}

/**
 * What is to change of a destination; what is left out stays.
 *
 * `settings` are merged key by key: null puts the default back, and takes an optional one away.
 */
export interface DestinationChange {
  name?: string;
  enabled?: boolean;
  sources?: string[] | null;
  /** As the type's schema says; a secret sent as *** stays. */
  settings?: Record<string, string | number | boolean | Record<string, string> | null>;
}

/** A destination to be made; without `sources` it is for the events of all. */
export interface DestinationDraft {
  slug: string;
  type: string;
  name?: string;
  enabled?: boolean;
  sources?: string[] | null;
  /** As the type's schema says; a secret sent as *** stays. */
  settings?: Record<string, string | number | boolean | Record<string, string> | null>;
}

/** Which version a destination shall equal again. */
export interface DestinationRestore {
  version: number;
}

/** A destination as it is, with stars in the place of its secrets. */
export interface DestinationState {
  slug: string;
  name: string;
  type: string;
  enabled: boolean;
  sources: string[] | null;
  settings: JsonObject;
  version: number;
  managed_by: "api";
  created_at: string;
  updated_at: string;
}

/** A type of destination; `settings` is a JSON Schema. */
export interface DestinationType {
  slug: string;
  name: string;
  description: string;
  settings: JsonObject;
}

/** A destination as it was from one change to the next. */
export interface DestinationVersion {
  version: number;
  at: string;
  actor: string;
  name: string;
  enabled: boolean;
  sources: string[] | null;
  settings: JsonObject;
}

/**
 * What differs between the workspace and the file, and what applying the file does about it.
 *
 * An update names one `field`. `before` is as it is, `after` as the file has it; of what is made
 * or removed they show what is not the default, and `***` for each secret.
 */
export interface Difference {
  action: "create" | "delete" | "update";
  resource: string;
  field?: string;
  before: Json;
  after: Json;
}

/** One event, and its JSON exactly as the client sent it. */
export interface EventAnswer {
  event: EventOut;
  original: string;
}

/**
 * One event as stored; the four objects are JSON, exactly as sent where the store has it so.
 *
 * `original` is the whole event as the client sent it, only where one event was asked for.
 */
export interface EventOut {
  message_id: string;
  type: "track" | "identify" | "page" | "screen" | "group" | "alias";
  event: string;
  name: string;
  user_id: string;
  anonymous_id: string;
  group_id: string;
  previous_id: string;
  source: string;
  timestamp: string;
  original_timestamp: string | null;
  sent_at: string | null;
  received_at: string;
  properties: JsonObject;
  traits: JsonObject;
  context: JsonObject;
  integrations: JsonObject;
  ip: string;
  browser: string;
  os: string;
  device: string;
  is_bot: boolean;
  campaign_name: string;
  campaign_source: string;
  campaign_medium: string;
  campaign_term: string;
  campaign_content: string;
  library: string;
  original?: string;
}

/** A field that may be searched; `share` of the sampled events have it (0 to 1). */
export interface FieldInfo {
  name: string;
  type: "boolean" | "mixed" | "number" | "text" | "time";
  share: number;
}

/** The fields, as found in the newest `sampled` events. */
export interface Fields {
  fields: FieldInfo[];
  sampled: number;
}

/** Ask how many events happened when, in all and by the commonest values of a field. */
export interface Histogram {
  /** Lucene query text; blank asks for everything. */
  query?: string;
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  buckets_max?: number;
  interval_s?: number | null;
  by?: string | null;
}

/** Every bucket of the time asked for, empty ones too, aligned to UTC (weeks to Monday). */
export interface HistogramResult {
  interval_s: number;
  buckets: Bucket[];
  values?: string[];
  total: number;
  took_ms: number;
  notes: string[];
}

/** Whom to invite, and into which role. */
export interface InviteDraft {
  /** Upper and lower case are the same. */
  email: string;
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  sources?: string[] | null;
}

/** A new invite with its link, which nobody can read again. */
export interface InviteMade {
  id: number;
  email: string;
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  sources: string[] | null;
  state: "expired" | "open" | "revoked" | "used";
  created_by: string;
  created_at: string;
  expires_at: string;
  url: string;
}

/** What a link leads to; one that `is_reset` sets the password of a member. */
export interface InviteShown {
  email: string;
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  workspace: string;
  is_reset: boolean;
}

/** An invite as it is; its token is not kept. */
export interface InviteState {
  id: number;
  email: string;
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  sources: string[] | null;
  state: "expired" | "open" | "revoked" | "used";
  created_by: string;
  created_at: string;
  expires_at: string;
}

/**
 * How an object posted to `/v1/json/<write key>` becomes a track event.
 *
 * Each path is a list of keys joined by dots. A path that leads to nothing leaves its field out;
 * the whole object becomes `properties`.
 */
export interface JsonMapping {
  event?: string;
  event_default?: string;
  user_id?: string;
  anonymous_id?: string;
  message_id?: string;
  timestamp?: string;
}

/**
 * A write key to be added; without a `key` one is made.
 *
 * With `overlap_s` the keys that the source has now are taken for so many seconds more.
 */
export interface KeyDraft {
  label?: string;
  key?: string | null;
  overlap_s?: number | null;
}

/** A write key as it is; one of the file has no id and no times. */
export interface KeyState {
  id: number | null;
  key: string;
  label: string;
  state: "active" | "disabled" | "expired" | "expiring";
  created_at: string | null;
  expires_at: string | null;
  disabled_at: string | null;
  last_used_at: string | null;
}

/** The books of a range of minutes, and whether they are true. */
export interface LedgerAnswer {
  balanced: boolean;
  since: string;
  until: string;
  totals: LedgerTerms;
  rows: LedgerRow[];
  rows_left_out: number;
  audit: Audit;
}

/** A place that holds fewer or more events than the ledger allows. */
export interface LedgerDifference {
  source: string;
  minute: string;
  place: string;
  expected_min: number;
  expected_max: number;
  found: number;
  detail: string;
}

/** One source and minute of receipt. */
export interface LedgerRow {
  accepted: number;
  refined: number;
  stored: number;
  duplicate: number;
  invalid: number;
  blocked: number;
  suppressed: number;
  in_flight: number;
  balanced: boolean;
  source: string;
  minute: string;
}

/** The terms of the books' equation, in events. */
export interface LedgerTerms {
  accepted: number;
  refined: number;
  stored: number;
  duplicate: number;
  invalid: number;
  blocked: number;
  suppressed: number;
  in_flight: number;
  balanced: boolean;
}

/** A new link, which nobody can read again. */
export interface LinkMade {
  url: string;
  expires_at: string;
}

/** The token of a link. */
export interface LinkRead {
  token: string;
}

/** What the log takes on disk. */
export interface LogStatus {
  raw_bytes: number;
  events_bytes: number;
}

/** A member, as they see themselves. */
export interface Me {
  id: string;
  email: string;
  name: string;
  has_password: boolean;
  oidc: boolean;
  signed_in_at: string | null;
}

/** What is to change of a member; what is left out stays. */
export interface MemberChange {
  name?: string;
  role?: "admin" | "editor" | "owner" | "source-only" | "viewer";
  sources?: string[] | null;
}

/** A member as they are; `oidc` tells whether an OpenID provider vouches for them. */
export interface MemberState {
  id: string;
  email: string;
  name: string;
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  sources: string[] | null;
  has_password: boolean;
  oidc: boolean;
  created_at: string;
  updated_at: string;
  signed_in_at: string | null;
}

/** What one may change of oneself. */
export interface MyChange {
  name: string;
}

/** The workspace, as everybody in it sees it. */
export interface MyWorkspace {
  id: string;
  name: string;
}

/** An OpenID provider to sign in by: its name, and where that begins. */
export interface OpenIdOffer {
  name: string;
  url: string;
}

/** A signed-in browser; `is_this` is the one that asks. `id` names it, and lets nobody in. */
export interface OpenSession {
  id: string;
  created_at: string;
  seen_at: string;
  ends_at: string;
  address: string;
  user_agent: string;
  is_this: boolean;
}

/**
 * What differs, or was changed.
 *
 * `kept_secrets` are those whose references had no value, and which stay as they are;
 * `not_in_file` is what the file does not name and stays all the same.
 */
export interface Outcome {
  changes: Difference[];
  kept_secrets: string[];
  not_in_file: string[];
}

/** A new password, and the one that it replaces. */
export interface PasswordChange {
  /** Write only. */
  current_password: string;
  /** Write only. */
  new_password: string;
}

/** A problem document, as the OpenAPI description shows it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  field?: string;
  position?: number | null;
  hint?: string;
  retry_after_s?: number;
  looked_at?: string[];
  problems?: string[];
}

/** Whether requests can be answered, and what says so. */
export interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

/** Ask for events, page by page. */
export interface Search {
  /** Lucene query text; blank asks for everything. */
  query?: string;
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  limit?: number;
  cursor?: string | null;
  sort?: "newest" | "oldest";
}

/** One page; `cursor` asks for the next one and is null on the last. */
export interface SearchResult {
  total: number;
  events: EventOut[];
  cursor: string | null;
  took_ms: number;
  notes: string[];
}

/** Whether this browser is signed in, and how it may be. */
export interface SessionAnswer {
  signed_in: boolean;
  password: boolean;
  oidc: OpenIdOffer | null;
}

/**
 * An event that went no further: a line of `Block.set_aside`, a row of the table `set_aside`.
 *
 * `outcome` is `duplicate` or `invalid`; `reason` a stable code such as `event_not_string`;
 * `detail` the sentence for people. `original` is the JSON as sent of an invalid event, at most
 * 16,384 characters, and empty for a duplicate.
 */
export interface SetAside {
  message_id: string;
  source: string;
  received_at: string;
  outcome: string;
  reason: string;
  detail: string;
  type: string;
  event: string;
  raw_partition: number;
  raw_offset: number;
  raw_index: number;
  original: string;
}

/** Events that went no further, newest first; `cursor` is null on the last page. */
export interface SetAsidePage {
  events: SetAside[];
  cursor: string | null;
}

/**
 * The settings as they are.
 *
 * A session ends `session_hours_max` after its sign-in. API tokens that are made from now on must
 * end within `token_days_max`; null leaves that to those who make them.
 */
export interface Settings {
  name: string;
  session_hours_max: number;
  token_days_max: number | null;
}

/** What is to change of the settings; what is left out stays. */
export interface SettingsChange {
  name?: string;
  session_hours_max?: number;
  token_days_max?: number | null;
}

/** A member's e-mail address and password; or a token. */
export interface SignIn {
  email?: string;
  /** Write only. */
  password?: string;
  token?: string;
}

/** A source, how to send to it, and what it sent lately. */
export interface SourceAnswer {
  slug: string;
  name: string;
  kind: "json" | "mobile" | "server" | "web" | "webhook";
  enabled: boolean;
  managed_by: "api" | "file";
  ip: "drop" | "keep" | "truncate";
  requests_per_s_max: number | null;
  webhook_secret: "***" | null;
  json: JsonMapping;
  write_keys: string[];
  created_at: string | null;
  updated_at: string | null;
  collect_url: string;
  events_per_min: number;
  events_24h: number;
  invalid_24h: number;
  last_event_at: string | null;
}

/** What is to change of a source; what is left out stays, and so does a secret sent as `***`. */
export interface SourceChange {
  name?: string;
  kind?: "json" | "mobile" | "server" | "web" | "webhook";
  enabled?: boolean;
  ip?: "drop" | "keep" | "truncate";
  requests_per_s_max?: number | null;
  webhook_secret?: string | null;
  json?: JsonMapping;
}

/** A source to be made; without a `write_key` one is made for it. */
export interface SourceDraft {
  slug: string;
  name?: string;
  kind?: "json" | "mobile" | "server" | "web" | "webhook";
  enabled?: boolean;
  ip?: "drop" | "keep" | "truncate";
  requests_per_s_max?: number | null;
  webhook_secret?: string | null;
  json?: JsonMapping;
  write_key?: string | null;
}

/** Ask in SQL; `parameters` fill the placeholders `{name:Type}`. */
export interface Sql {
  sql: string;
  parameters?: Record<string, string | number | boolean | (string | number | boolean | null)[] | null>;
}

/** A column of the answer, with its ClickHouse type. */
export interface SqlColumn {
  name: string;
  type: string;
}

/** `rows` are JSON arrays in the order of `columns`. */
export interface SqlResult {
  columns: SqlColumn[];
  rows: Json[];
  took_ms: number;
}

/** How the system is doing now; `problems` are sentences, empty while all is well. */
export interface Status {
  version: string;
  collect_url: string;
  app_url: string;
  now: string;
  has_events: boolean;
  events: number;
  events_per_s: number;
  freshness_s: number | null;
  last_event_at: string | null;
  refine_lag_records: number;
  store_lag_records: number;
  store: StoreStatus;
  log: LogStatus;
  live_streams: number;
  problems: string[];
}

/** One thing that happened to the event; `at` is null where the moment was not kept. */
export interface Step {
  step: string;
  at: string | null;
  summary: string;
  source: string;
  facts: JsonObject;
}

/** What the events take in the store. */
export interface StoreStatus {
  rows: number;
  parts: number;
  bytes: number;
  bytes_per_event: number;
}

/** A token to be made; without `expires_in_days` it is good until it is revoked. */
export interface TokenDraft {
  name: string;
  permissions: ("account" | "audit:read" | "destinations:read" | "destinations:write" | "events:read" | "members:read" | "members:write" | "owners:write" | "settings:read" | "settings:write" | "sources:read" | "sources:write" | "system:read" | "tokens:read" | "tokens:write" | "workspace:apply")[];
  expires_in_days?: number | null;
}

/** A new token, with the secret itself: nobody can read it again. */
export interface TokenMade {
  id: string;
  name: string;
  hint: string;
  permissions: ("account" | "audit:read" | "destinations:read" | "destinations:write" | "events:read" | "members:read" | "members:write" | "owners:write" | "settings:read" | "settings:write" | "sources:read" | "sources:write" | "system:read" | "tokens:read" | "tokens:write" | "workspace:apply")[];
  created_by: string;
  member_id: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  state: "active" | "expired" | "revoked";
  token: string;
}

/**
 * A token as people read it; `hint` is its beginning.
 *
 * It may do what its `permissions` say, as far as its member still may. One without `member_id`
 * was made with the first owner's token.
 */
export interface TokenState {
  id: string;
  name: string;
  hint: string;
  permissions: ("account" | "audit:read" | "destinations:read" | "destinations:write" | "events:read" | "members:read" | "members:write" | "owners:write" | "settings:read" | "settings:write" | "sources:read" | "sources:write" | "system:read" | "tokens:read" | "tokens:write" | "workspace:apply")[];
  created_by: string;
  member_id: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  state: "active" | "expired" | "revoked";
}

/** What became of the events with one message id, given as it is kept. */
export interface TraceAnswer {
  message_id: string;
  outcome: string;
  steps: Step[];
  looked_at: string[];
}

/** So many events have this value. */
export interface ValueCount {
  value: string;
  events: number;
}

/** Ask for the commonest values of a field. */
export interface Values {
  field: string;
  /** Lucene query text; blank asks for everything. */
  query?: string;
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  limit?: number;
}

/**
 * `other` is how often further values occur, `missing` how many events have none.
 *
 * An event whose field is a list counts for each of its values. `distinct` is about right.
 */
export interface ValuesResult {
  values: ValueCount[];
  other: number;
  missing: number;
  distinct: number;
  took_ms: number;
  notes: string[];
}

/**
 * Who makes a request and what they may do; `member` is null for a token of no member.
 *
 * `sources` are the slugs of the only sources that they may see or change, null for all.
 */
export interface Whoami {
  actor: string;
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  permissions: ("account" | "audit:read" | "destinations:read" | "destinations:write" | "events:read" | "members:read" | "members:write" | "owners:write" | "settings:read" | "settings:write" | "sources:read" | "sources:write" | "system:read" | "tokens:read" | "tokens:write" | "workspace:apply")[];
  sources: string[] | null;
  member: Me | null;
  workspace: MyWorkspace;
}

/** What each call of the API takes and answers with; `null` where there is none. */
export interface Calls {
  /** Search events. */
  "POST /search": {
    path: null;
    query: null;
    body: Search;
    answer: SearchResult;
  };
  /** Count events over time. */
  "POST /histogram": {
    path: null;
    query: null;
    body: Histogram;
    answer: HistogramResult;
  };
  /** Count values of a field. */
  "POST /values": {
    path: null;
    query: null;
    body: Values;
    answer: ValuesResult;
  };
  /** List fields. */
  "GET /fields": {
    path: null;
    query: { since?: string; until?: string };
    body: null;
    answer: Fields;
  };
  /** Ask in SQL. */
  "POST /sql": {
    path: null;
    query: null;
    body: Sql;
    answer: SqlResult;
  };
  /** Show an event. */
  "GET /events/{message_id}": {
    path: { message_id: string };
    query: { source?: string };
    body: null;
    answer: EventAnswer;
  };
  /** Show an event by parameter. */
  "GET /event": {
    path: null;
    query: { message_id: string; source?: string };
    body: null;
    answer: EventAnswer;
  };
  /** Trace an event. */
  "GET /trace/{message_id}": {
    path: { message_id: string };
    query: { source?: string };
    body: null;
    answer: TraceAnswer;
  };
  /** Trace an event by parameter. */
  "GET /trace": {
    path: null;
    query: { message_id: string; source?: string };
    body: null;
    answer: TraceAnswer;
  };
  /** List set-aside events. */
  "GET /set-aside": {
    path: null;
    query: { since?: string; until?: string; source?: string; outcome?: string; limit?: number; cursor?: string };
    body: null;
    answer: SetAsidePage;
  };
  /** Show ledger. */
  "GET /ledger": {
    path: null;
    query: { since?: string; until?: string; source?: string };
    body: null;
    answer: LedgerAnswer;
  };
  /** Watch events live. */
  "GET /live": {
    path: null;
    query: { source?: string; type?: string; text?: string; q?: string };
    body: null;
    answer: string;
  };
  /** Show status. */
  "GET /status": {
    path: null;
    query: null;
    body: null;
    answer: Status;
  };
  /** List sources. */
  "GET /sources": {
    path: null;
    query: { enabled?: boolean; kind?: "web" | "mobile" | "server" | "webhook" | "json"; text?: string; limit?: number; cursor?: string };
    body: null;
    answer: SourceAnswer[];
  };
  /** Create source. */
  "POST /sources": {
    path: null;
    query: null;
    body: SourceDraft;
    answer: SourceAnswer;
  };
  /** Show source. */
  "GET /sources/{slug}": {
    path: { slug: string };
    query: null;
    body: null;
    answer: SourceAnswer;
  };
  /** Change source. */
  "PATCH /sources/{slug}": {
    path: { slug: string };
    query: null;
    body: SourceChange;
    answer: SourceAnswer;
  };
  /** Delete source. */
  "DELETE /sources/{slug}": {
    path: { slug: string };
    query: null;
    body: null;
    answer: null;
  };
  /** List write keys. */
  "GET /sources/{slug}/write-keys": {
    path: { slug: string };
    query: null;
    body: null;
    answer: KeyState[];
  };
  /** Add write key. */
  "POST /sources/{slug}/write-keys": {
    path: { slug: string };
    query: null;
    body: KeyDraft;
    answer: KeyState;
  };
  /** Disable write key. */
  "DELETE /sources/{slug}/write-keys/{key_id}": {
    path: { slug: string; key_id: number };
    query: null;
    body: null;
    answer: null;
  };
  /** List changes. */
  "GET /audit-log": {
    path: null;
    query: { resource?: string; actor?: string; action?: string; since?: string; until?: string; limit?: number; cursor?: string };
    body: null;
    answer: AuditEntry[];
  };
  /** List destination types. */
  "GET /destination-types": {
    path: null;
    query: null;
    body: null;
    answer: DestinationType[];
  };
  /** List destinations. */
  "GET /destinations": {
    path: null;
    query: { type?: string; enabled?: boolean; text?: string; source?: string; limit?: number; cursor?: string };
    body: null;
    answer: DestinationState[];
  };
  /** Create destination. */
  "POST /destinations": {
    path: null;
    query: null;
    body: DestinationDraft;
    answer: DestinationState;
  };
  /** Show destination. */
  "GET /destinations/{slug}": {
    path: { slug: string };
    query: null;
    body: null;
    answer: DestinationState;
  };
  /** Change destination. */
  "PATCH /destinations/{slug}": {
    path: { slug: string };
    query: null;
    body: DestinationChange;
    answer: DestinationState;
  };
  /** Delete destination. */
  "DELETE /destinations/{slug}": {
    path: { slug: string };
    query: null;
    body: null;
    answer: null;
  };
  /** List destination versions. */
  "GET /destinations/{slug}/versions": {
    path: { slug: string };
    query: { limit?: number; cursor?: string };
    body: null;
    answer: DestinationVersion[];
  };
  /** Restore destination. */
  "POST /destinations/{slug}/restore": {
    path: { slug: string };
    query: null;
    body: DestinationRestore;
    answer: DestinationState;
  };
  /** Show me. */
  "GET /me": {
    path: null;
    query: null;
    body: null;
    answer: Whoami;
  };
  /** Change me. */
  "PATCH /me": {
    path: null;
    query: null;
    body: MyChange;
    answer: Whoami;
  };
  /** Change my password. */
  "POST /me/password": {
    path: null;
    query: null;
    body: PasswordChange;
    answer: null;
  };
  /** List my sessions. */
  "GET /me/sessions": {
    path: null;
    query: null;
    body: null;
    answer: OpenSession[];
  };
  /** End my sessions. */
  "DELETE /me/sessions": {
    path: null;
    query: null;
    body: null;
    answer: null;
  };
  /** End my session. */
  "DELETE /me/sessions/{session_id}": {
    path: { session_id: string };
    query: null;
    body: null;
    answer: null;
  };
  /** List members. */
  "GET /members": {
    path: null;
    query: { role?: "owner" | "admin" | "editor" | "viewer" | "source-only"; text?: string; limit?: number; cursor?: string };
    body: null;
    answer: MemberState[];
  };
  /** Show member. */
  "GET /members/{member_id}": {
    path: { member_id: string };
    query: null;
    body: null;
    answer: MemberState;
  };
  /** Change member. */
  "PATCH /members/{member_id}": {
    path: { member_id: string };
    query: null;
    body: MemberChange;
    answer: MemberState;
  };
  /** Delete member. */
  "DELETE /members/{member_id}": {
    path: { member_id: string };
    query: null;
    body: null;
    answer: null;
  };
  /** Sign member out. */
  "POST /members/{member_id}/sign-out": {
    path: { member_id: string };
    query: null;
    body: null;
    answer: null;
  };
  /** Create reset link. */
  "POST /members/{member_id}/reset-link": {
    path: { member_id: string };
    query: null;
    body: null;
    answer: LinkMade;
  };
  /** List invites. */
  "GET /invites": {
    path: null;
    query: { limit?: number; cursor?: string };
    body: null;
    answer: InviteState[];
  };
  /** Create invite. */
  "POST /invites": {
    path: null;
    query: null;
    body: InviteDraft;
    answer: InviteMade;
  };
  /** Revoke invite. */
  "DELETE /invites/{invite_id}": {
    path: { invite_id: number };
    query: null;
    body: null;
    answer: null;
  };
  /** List tokens. */
  "GET /tokens": {
    path: null;
    query: { limit?: number; cursor?: string };
    body: null;
    answer: TokenState[];
  };
  /** Create token. */
  "POST /tokens": {
    path: null;
    query: null;
    body: TokenDraft;
    answer: TokenMade;
  };
  /** Revoke token. */
  "DELETE /tokens/{token_id}": {
    path: { token_id: string };
    query: null;
    body: null;
    answer: null;
  };
  /** Show settings. */
  "GET /settings": {
    path: null;
    query: null;
    body: null;
    answer: Settings;
  };
  /** Change settings. */
  "PATCH /settings": {
    path: null;
    query: null;
    body: SettingsChange;
    answer: Settings;
  };
  /** Export workspace. */
  "GET /workspace/export": {
    path: null;
    query: null;
    body: null;
    answer: string;
  };
  /** Diff workspace. */
  "POST /workspace/diff": {
    path: null;
    query: null;
    body: Asked;
    answer: Outcome;
  };
  /** Apply workspace. */
  "POST /workspace/apply": {
    path: null;
    query: null;
    body: Asked;
    answer: Outcome;
  };
  /** Show session. */
  "GET /session": {
    path: null;
    query: null;
    body: null;
    answer: SessionAnswer;
  };
  /** Sign in. */
  "POST /session": {
    path: null;
    query: null;
    body: SignIn;
    answer: null;
  };
  /** Sign out. */
  "DELETE /session": {
    path: null;
    query: null;
    body: null;
    answer: null;
  };
  /** Show invite. */
  "POST /invites/show": {
    path: null;
    query: null;
    body: LinkRead;
    answer: InviteShown;
  };
  /** Accept invite. */
  "POST /invites/accept": {
    path: null;
    query: null;
    body: Acceptance;
    answer: null;
  };
  /** Begin openid. */
  "GET /session/oidc": {
    path: null;
    query: { next?: string };
    body: null;
    answer: null;
  };
  /** Finish openid. */
  "GET /session/oidc/callback": {
    path: null;
    query: null;
    body: null;
    answer: string;
  };
}
