/** The shapes of /api/v1, as docs/api.md describes them. Times are RFC 3339 in UTC. */

export type EventType = "track" | "identify" | "page" | "screen" | "group" | "alias";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

export interface TrackedEvent {
  message_id: string;
  type: EventType;
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
}

/** An event that went no further: `outcome` is `invalid` or `duplicate`. */
export interface SetAsideEvent {
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

/** Whether this browser is signed in, and the ways to do so. */
export interface Session {
  signed_in: boolean;
  /** Whether members may sign in with a password. */
  password: boolean;
  /** The organisation's own sign-in, null where none is set up. */
  oidc: { name: string; url: string } | null;
}

export type Role = "owner" | "admin" | "editor" | "viewer" | "source-only";

export type Permission =
  | "account"
  | "events:read"
  | "system:read"
  | "sources:read"
  | "sources:write"
  | "destinations:read"
  | "destinations:write"
  | "members:read"
  | "members:write"
  | "owners:write"
  | "tokens:read"
  | "tokens:write"
  | "audit:read"
  | "settings:read"
  | "settings:write"
  | "workspace:apply";

/** Who is signed in, and what they may do. */
export interface Me {
  /** As the audit log names them. */
  actor: string;
  role: Role;
  permissions: Permission[];
  /** The slugs of the only sources that they may see; null for all. */
  sources: string[] | null;
  /** null for who signed in with a token of nobody. */
  member: MySelf | null;
  workspace: { id: string; name: string };
}

/** A member, as they see themselves. */
export interface MySelf {
  id: string;
  email: string;
  name: string;
  has_password: boolean;
  oidc: boolean;
  signed_in_at: string | null;
}

/** A browser in which somebody is signed in. */
export interface OpenSession {
  id: string;
  created_at: string;
  seen_at: string;
  ends_at: string;
  address: string;
  user_agent: string;
  is_this: boolean;
}

/** What a link by which somebody joins, or sets a new password, is good for. */
export interface InviteShown {
  email: string;
  role: Role;
  workspace: string;
  is_reset: boolean;
}

export interface SearchAnswer {
  total: number;
  events: TrackedEvent[];
  cursor: string | null;
  took_ms: number;
  /** What the asker should know about how the query was read. */
  notes: string[];
}

export interface HistogramBucket {
  at: string;
  events: number;
}

/** Every bucket of the time asked for, empty ones too. */
export interface HistogramAnswer {
  interval_s: number;
  buckets: HistogramBucket[];
}

export interface FieldValue {
  value: string;
  events: number;
}

/** `other` counts further values, `missing` the events that have none. */
export interface ValuesAnswer {
  values: FieldValue[];
  other: number;
  missing: number;
  distinct: number;
}

export interface FieldInfo {
  name: string;
  type: "text" | "number" | "boolean" | "time" | "mixed";
  /** How many of the sampled events have it, 0 to 1. */
  share: number;
}

export interface FieldsAnswer {
  fields: FieldInfo[];
  sampled: number;
}

export interface SetAsideAnswer {
  events: SetAsideEvent[];
  cursor: string | null;
}

export interface EventAnswer {
  event: TrackedEvent;
  original: string;
}

export interface TraceStep {
  step: string;
  at: string | null;
  summary: string;
  source: string;
  facts: JsonObject;
}

export interface TraceAnswer {
  message_id: string;
  outcome: string;
  steps: TraceStep[];
}

export type SourceKind = "web" | "mobile" | "server" | "webhook" | "json";

export type IpSetting = "keep" | "truncate" | "drop";

/** What people decide about a source. */
export interface SourceSettings {
  name: string;
  kind: SourceKind;
  enabled: boolean;
  ip: IpSetting;
  requests_per_s_max: number | null;
  /** Answers have `***` where there is one; sent, it is the new one, and null takes it away. */
  webhook_secret: string | null;
}

/** `write_keys` are those that may be used now, the newest first. */
export interface Source extends SourceSettings {
  slug: string;
  managed_by: "api" | "file";
  write_keys: string[];
  /** null for a source of the settings file. */
  created_at: string | null;
  collect_url: string;
  /** The mean of the last five minutes. */
  events_per_min: number;
  events_24h: number;
  invalid_24h: number;
  last_event_at: string | null;
}

/** A source and the tag that its next change must name. */
export interface VersionedSource {
  source: Source;
  etag: string;
}

/** `next` is the cursor of the page that follows, null at the end. */
export interface Paged<T> {
  items: T[];
  next: string | null;
}

/** A write key; one of the settings file has no id and no times. */
export interface WriteKey {
  id: number | null;
  key: string;
  label: string;
  state: "active" | "expiring" | "expired" | "disabled";
  created_at: string | null;
  expires_at: string | null;
  disabled_at: string | null;
  last_used_at: string | null;
}

/** One change, with the settings before and after; secrets are `***`. */
export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  action: string;
  resource: string;
  before: JsonObject | null;
  after: JsonObject | null;
}

/** What was read, and the tag that its next change must name. */
export interface Versioned<T> {
  value: T;
  etag: string;
}

export interface Member {
  id: string;
  email: string;
  name: string;
  role: Role;
  /** The slugs of the only sources that a member of the role `source-only` sees; else null. */
  sources: string[] | null;
  has_password: boolean;
  /** Whether they signed in through the organisation's own sign-in. */
  oidc: boolean;
  created_at: string;
  updated_at: string;
  signed_in_at: string | null;
}

/** Whom a link makes what; the link itself is shown once, as `url` of a `NewInvite`. */
export interface InviteDraft {
  email: string;
  role: Role;
  sources?: string[];
}

export interface Invite {
  id: number;
  email: string;
  role: Role;
  sources: string[] | null;
  state: "open" | "used" | "revoked" | "expired";
  created_by: string;
  created_at: string;
  expires_at: string;
}

export interface NewLink {
  url: string;
  expires_at: string;
}

export type NewInvite = Invite & NewLink;

export interface ApiTokenDraft {
  name: string;
  permissions: Permission[];
  /** null for one that never expires. */
  expires_in_days: number | null;
}

export interface ApiToken {
  id: string;
  name: string;
  /** How the token begins, for telling it by. */
  hint: string;
  permissions: Permission[];
  created_by: string;
  /** null for one that was made with the first owner's token. */
  member_id: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  state: "active" | "expired" | "revoked";
}

/** `token` is in this answer only. */
export interface NewApiToken extends ApiToken {
  token: string;
}

export interface WorkspaceSettings {
  name: string;
  session_hours_max: number;
  /** null where tokens may last for ever. */
  token_days_max: number | null;
}

/** What an audit log is narrowed to; "" is not asked for. */
export interface AuditWanted {
  actor: string;
  action: string;
  resource: string;
  since: string;
  until: string;
}

export interface Status {
  version: string;
  has_events: boolean;
  events: number;
  events_per_s: number;
  freshness_s: number | null;
  last_event_at: string | null;
}

export interface LiveEvents {
  events: TrackedEvent[];
  skipped: number;
}

export interface LiveSetAside {
  events: SetAsideEvent[];
  skipped: number;
}

export interface LiveStatus {
  events_per_s: number;
  events: number;
  skipped: number;
  freshness_s: number | null;
}

/** RFC 9457; `position` and `hint` come with a question that is not valid, `field` with a body. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  position?: number | null;
  hint?: string;
  field?: string;
  retry_after_s?: number;
  looked_at?: string[];
}
