// Made by `make api-types` from the OpenAPI description of the API; changes belong there.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

/** The token of a link, the password to set, and the name of a new member. */
export interface Acceptance {
  /** The secret itself. */
  token: string;
  /** At least 10 characters, and none of the commonest. */
  password: string;
  /** What people call it. */
  name?: string;
}

/** How many events go together, at most. */
export interface ActionBatching {
  /** Most events of a batch. */
  events_max: number;
  /** Most bytes of the events of a batch. */
  bytes_max: number;
  /** How long a batch that is not full waits for more, in seconds. */
  age_s: number;
}

/** A field of an action; `default` is the mapping that fills it where none is given. */
export interface ActionField {
  /** As mappings name it. */
  name: string;
  /** What people read. */
  label: string;
  /** What it is for. */
  description: string;
  /** What the value becomes; `json` takes any. */
  type: "boolean" | "datetime" | "integer" | "json" | "number" | "object" | "string" | "text";
  /** Whether an event without a value is rejected. */
  required: boolean;
  /** Whether it is a list of such values. */
  multiple: boolean;
  /** The mapping that fills it where none is given; null for none. */
  default: Json;
  /** The only texts that it may be; empty for any. */
  choices: string[];
}

/**
 * One thing that a destination does with events.
 *
 * `batching` is that of the settings' defaults; null where events go one by one, or where it takes
 * settings that have no default.
 */
export interface ActionShown {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** What it is for. */
  description: string;
  /** Which events it is for by default. */
  trigger: string;
  /** As the settings' defaults say; null where events go one by one. */
  batching: ActionBatching | null;
  /** What a mapping fills. */
  fields: ActionField[];
}

/**
 * A file, the values of the secrets that it refers to, and what to do about the rest.
 *
 * With `prune`, what the file does not name is removed from the sections that it has.
 */
export interface Asked {
  /** The file's text, YAML or JSON. */
  text: string;
  /** What problems call the file. */
  file_name?: string;
  /** By `env:NAME` or `file:PATH`, as the file has them. */
  secrets?: Record<string, string>;
  /** Whether what the file does not name is deleted. */
  prune?: boolean;
}

/** What was counted where the events lie; null for a place that was not counted as a whole. */
export interface Audit {
  /** Whether everything that was accepted is accounted for. */
  balanced: boolean;
  /** Whether every place was counted as a whole. */
  is_complete: boolean;
  /** Which places were counted. */
  checked: string[];
  /** Events in the log of accepted calls. */
  raw_events: number | null;
  /** Events in the log of refined events. */
  events_log_events: number | null;
  /** Events in the store. */
  store_rows: number | null;
  /** Where the books and the places differ. */
  differences: LedgerDifference[];
  /** Differences that did not fit into the answer. */
  differences_left_out: number;
}

/** One change; `before` and `after` hold the settings, secrets as `***`. */
export interface AuditEntry {
  /** What it is named by in paths. */
  id: number;
  /** When. */
  at: string;
  /** Who: a member's e-mail, `token NAME (e-mail)`, `owner` or `local`. */
  actor: string;
  /** What was done, such as `source.update`. */
  action: string;
  /** What was changed, such as `sources/web-shop`. */
  resource: string;
  /** The settings before, secrets as `***`. */
  before: JsonObject | null;
  /** The settings afterwards, secrets as `***`. */
  after: JsonObject | null;
}

/** Events from `at` on for the interval; `by` counts them per value of `values`, in order. */
export interface Bucket {
  /** When. */
  at: string;
  /** How many. */
  events: number;
  /** Counts by value, in the order of `values`. */
  by?: number[];
}

/**
 * What a check found, in order.
 *
 * `is_good` is false where one thing is wrong, null where nothing could be told.
 */
export interface CheckAnswer {
  /** What was looked at. */
  checked: CheckedThing[];
  /** false where one thing is wrong, null where nothing could be told. */
  is_good: boolean | null;
  /** How long it took. */
  took_ms: number;
}

/** One thing that was looked at. */
export interface CheckedThing {
  /** What was looked at. */
  name: string;
  /** null where it could not be told. */
  is_good: boolean | null;
  /** What was found, and what to do where it is wrong. */
  detail: string;
  /** The setting that would have to change, if one. */
  setting: string;
}

/** Which dead letters: those of some ids, of a reason, or all; one of the three. */
export interface DeadLetterChoice {
  /** Of these ids. */
  ids?: number[];
  /** Of this reason. */
  reason?: string;
  /** All of them. */
  all?: boolean;
}

/** An event that the destination gave up, as it would have got it. */
export interface DeadLetterShown {
  /** What it is named by in paths. */
  id: number;
  /** The event's messageId. */
  message_id: string;
  /** The call that sent it. */
  type: string;
  /** The name of a track event, page or screen. */
  name: string;
  /** The source's slug. */
  source: string;
  /** The slug of the subscription. */
  subscription: string;
  /** Why, in a word. */
  reason: string;
  /** What is wrong, for people. */
  detail: string;
  /** The HTTP status of the last answer; 0 for none. */
  status: number;
  /** How often it was tried. */
  attempts: number;
  /** When it was first tried. */
  first_at: string;
  /** When it was last tried. */
  last_at: string;
  /** The event as the destination would have got it. */
  event: JsonObject;
}

/** An event that the destination gave up, without the event itself. */
export interface DeadLetterState {
  /** What it is named by in paths. */
  id: number;
  /** The event's messageId. */
  message_id: string;
  /** The call that sent it. */
  type: string;
  /** The name of a track event, page or screen. */
  name: string;
  /** The source's slug. */
  source: string;
  /** The slug of the subscription. */
  subscription: string;
  /** Why, in a word. */
  reason: string;
  /** What is wrong, for people. */
  detail: string;
  /** The HTTP status of the last answer; 0 for none. */
  status: number;
  /** How often it was tried. */
  attempts: number;
  /** When it was first tried. */
  first_at: string;
  /** When it was last tried. */
  last_at: string;
}

/** The books of a destination over a range of minutes, and whether they are true. */
export interface DeliveryBooks {
  /** Whether everything that was accepted is accounted for. */
  balanced: boolean;
  /** Whether every place was counted as a whole. */
  is_complete: boolean;
  /** Which places were counted. */
  checked: string[];
  /** From when. */
  since: string;
  /** Until when. */
  until: string;
  /** Events that the destination has not dealt with; null where not all were counted. */
  behind: number | null;
  /** What the destination does with events, each with its books. */
  subscriptions: SubscriptionBooks[];
  /** Where the books and the places differ. */
  differences: DeliveryDifference[];
  /** Differences that did not fit into the answer. */
  differences_left_out: number;
}

/** A subscription had fewer or more events than the ledger allows. */
export interface DeliveryDifference {
  /** The slug of the subscription. */
  subscription: string;
  /** The source's slug. */
  source: string;
  /** The minute of receipt. */
  minute: string;
  /** Fewest that the books allow. */
  expected_min: number;
  /** Most that the books allow. */
  expected_max: number;
  /** How many are there. */
  found: number;
  /** What is wrong, for people. */
  detail: string;
}

/** How many events a subscription did not deliver for one reason. */
export interface DeliveryReason {
  /** The slug of the subscription. */
  subscription: string;
  /** What became of it. */
  outcome: string;
  /** Why, in a word. */
  reason: string;
  /** How many. */
  events: number;
}

/**
 * How events are delivered to a destination; null leaves it to Tailrace.
 *
 * At most `events_per_s_max` events a second are handed to it, in at most `requests_at_once_max`
 * requests at once. An event that it does not take is tried for `retry_window_h` hours. With
 * `consent_categories` it gets only events of people who agree to all of them.
 */
export interface DeliveryRules {
  /** Most events per second that the destination is given; null: no limit. */
  events_per_s_max?: number | null;
  /** Most requests at once; null: as many as the type allows. */
  requests_at_once_max?: number | null;
  /** For how many hours an event is tried; null: as the configuration says. */
  retry_window_h?: number | null;
  /** What people must agree to; without any, consent is not asked about. */
  consent_categories?: string[];
}

/** What is to change of how events are delivered; what is left out stays. */
export interface DeliveryRulesChange {
  /** Most events per second that the destination is given; null: no limit. */
  events_per_s_max?: number | null;
  /** Most requests at once; null: as many as the type allows. */
  requests_at_once_max?: number | null;
  /** For how many hours an event is tried; null: as the configuration says. */
  retry_window_h?: number | null;
  /** What people must agree to; without any, consent is not asked about. */
  consent_categories?: string[];
}

/** How deliveries to a destination stand. */
export interface DeliveryStatus {
  /** Whether the destination takes events. */
  state: "disabled" | "down" | "running" | "starting" | "suspended";
  /** Why it takes nothing; empty while it does. */
  problem: string;
  /** Events that were read and have no outcome yet. */
  in_flight: number;
  /** When the oldest event on its way was received; null without any. */
  oldest_at: string | null;
  /** When the tool last answered as it should; null for never. */
  worked_at: string | null;
  /** Records of refined events that the destination has not dealt with. */
  behind_records: number;
  /** What the destination does with events, each with its books. */
  subscriptions: SubscriptionTotals[];
  /** Why events were not delivered, the commonest first. */
  reasons: DeliveryReason[];
}

/**
 * What is to change of a destination; what is left out stays.
 *
 * `settings` and `delivery` are merged key by key: null puts the default back, and takes an
 * optional one away. `filters` and `subscriptions` are replaced whole; null stands for the
 * subscriptions of the type.
 */
export interface DestinationChange {
  /** What people call it. */
  name?: string;
  /** Whether it is in use. */
  enabled?: boolean;
  /** Only these sources; null for all. */
  sources?: string[] | null;
  /** As the type's schema says; a secret sent as *** stays. */
  settings?: Record<string, string | number | boolean | Record<string, string> | null>;
  /** Which events it does not get, and what is left out of the others. */
  filters?: FilterDraft[];
  /** What the destination does with events, each with its books. */
  subscriptions?: SubscriptionDraft[] | null;
  /** How fast it is given events, and for how long each is tried. */
  delivery?: DeliveryRulesChange;
}

/**
 * Settings to check: those of a `type`, or those of the destination of a `slug`.
 *
 * With a slug, what is left out and secrets sent as `***` are those that the destination has; a
 * secret must be given again where an address leads elsewhere.
 */
export interface DestinationCheck {
  slug?: string | null;
  type?: string | null;
  /** As the type's schema says; a secret sent as *** stays. */
  settings?: Record<string, string | number | boolean | Record<string, string> | null>;
}

/**
 * A destination to be made; without `sources` it is for the events of all.
 *
 * Without `subscriptions` it has those of its type.
 */
export interface DestinationDraft {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** The slug of a destination type. */
  type: string;
  /** What people call it. */
  name?: string;
  /** Whether it is in use. */
  enabled?: boolean;
  /** Only these sources; null for all. */
  sources?: string[] | null;
  /** As the type's schema says; a secret sent as *** stays. */
  settings?: Record<string, string | number | boolean | Record<string, string> | null>;
  /** Which events it does not get, and what is left out of the others. */
  filters?: FilterDraft[];
  /** What the destination does with events, each with its books. */
  subscriptions?: SubscriptionDraft[] | null;
  /** How fast it is given events, and for how long each is tried. */
  delivery?: DeliveryRules;
}

/** An event, and the destination that shall make something of it. */
export interface DestinationPreview {
  /** Which destination. */
  destination: PreviewedDestination;
  /** The event, as SDKs send it; missing ids and times are made. */
  event: JsonObject;
}

/** Which version a destination shall equal again. */
export interface DestinationRestore {
  /** Counts its changes. */
  version: number;
}

/** A destination as it is, with stars in the place of its secrets. */
export interface DestinationState {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** Which type it is. */
  type: string;
  /** Whether it is in use. */
  enabled: boolean;
  /** Only these sources; null for all. */
  sources: string[] | null;
  /** As the JSON Schema of the type says; secrets are `***`. */
  settings: JsonObject;
  /** Which events it does not get, and what is left out of the others. */
  filters: FilterDraft[];
  /** What the destination does with events, each with its books. */
  subscriptions: SubscriptionDraft[] | null;
  /** How fast it is given events, and for how long each is tried. */
  delivery: DeliveryRules;
  /** Counts its changes. */
  version: number;
  /** `file` for what the settings file has; it is changed there. */
  managed_by: "api";
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
}

/** A type of destination; `settings` is a JSON Schema. */
export interface DestinationType {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** What it is for. */
  description: string;
  /** JSON Schema of the settings; secrets are `writeOnly`. */
  settings: JsonObject;
}

/**
 * A type of destination with what it does; `settings` is a JSON Schema.
 *
 * `docs` is the page about it in the documentation, "" for a type of another package.
 */
export interface DestinationTypeDetails {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** What it is for. */
  description: string;
  /** JSON Schema of the settings; secrets are `writeOnly`. */
  settings: JsonObject;
  /** The page about it below `docs/`; empty for none. */
  docs: string;
  /** Whether its connection can be checked. */
  has_check: boolean;
  /** What it does with events. */
  actions: ActionShown[];
  /** Subscriptions to begin with, the actions' own first. */
  presets: PresetShown[];
}

/** A destination as it was from one change to the next. */
export interface DestinationVersion {
  /** Counts its changes. */
  version: number;
  /** When. */
  at: string;
  /** Who: a member's e-mail, `token NAME (e-mail)`, `owner` or `local`. */
  actor: string;
  /** What people call it. */
  name: string;
  /** Whether it is in use. */
  enabled: boolean;
  /** Only these sources; null for all. */
  sources: string[] | null;
  /** As the JSON Schema of the type says; secrets are `***`. */
  settings: JsonObject;
  /** Which events it does not get, and what is left out of the others. */
  filters: FilterDraft[];
  /** What the destination does with events, each with its books. */
  subscriptions: SubscriptionDraft[] | null;
  /** How fast it is given events, and for how long each is tried. */
  delivery: DeliveryRules;
}

/**
 * What differs between the workspace and the file, and what applying the file does about it.
 *
 * An update names one `field`. `before` is as it is, `after` as the file has it; of what is made
 * or removed they show what is not the default, and `***` for each secret.
 */
export interface Difference {
  /** What was done, such as `source.update`. */
  action: "create" | "delete" | "update";
  /** What was changed, such as `sources/web-shop`. */
  resource: string;
  /** Which field. */
  field?: string;
  /** The settings before, secrets as `***`. */
  before: Json;
  /** The settings afterwards, secrets as `***`. */
  after: Json;
}

/** How many dead letters were removed. */
export interface Discarded {
  /** Dead letters that were removed. */
  discarded: number;
}

/** One event, and its JSON exactly as the client sent it. */
export interface EventAnswer {
  /** The name of a track event. */
  event: EventOut;
  /** The JSON exactly as it was sent. */
  original: string;
}

/**
 * One event as stored; the four objects are JSON, exactly as sent where the store has it so.
 *
 * `original` is the whole event as the client sent it, only where one event was asked for.
 */
export interface EventOut {
  /** The event's messageId. */
  message_id: string;
  /** The call that sent it. */
  type: "track" | "identify" | "page" | "screen" | "group" | "alias";
  /** The name of a track event. */
  event: string;
  /** The name of a page or screen. */
  name: string;
  /** Who it was, as the SDK says. */
  user_id: string;
  /** Who it was before they signed in, as the SDK says. */
  anonymous_id: string;
  /** The group of a group call. */
  group_id: string;
  /** Who it was before, of an alias event. */
  previous_id: string;
  /** The source's slug. */
  source: string;
  /** When it happened, the client's clock corrected. */
  timestamp: string;
  /** When it happened by the client's clock. */
  original_timestamp: string | null;
  /** When the SDK sent it, by the client's clock. */
  sent_at: string | null;
  /** When a collector took it. */
  received_at: string;
  /** What the SDK says of the event. */
  properties: JsonObject;
  /** What the SDK says of the user or group. */
  traits: JsonObject;
  /** What the SDK says about page, device, campaign and library. */
  context: JsonObject;
  /** Which destinations the SDK asked for. */
  integrations: JsonObject;
  /** The address, as far as the source keeps it. */
  ip: string;
  /** Told by the user agent. */
  browser: string;
  /** Told by the user agent. */
  os: string;
  /** Told by the user agent. */
  device: string;
  /** Told by the user agent. */
  is_bot: boolean;
  /** `utm_campaign` of the visit. */
  campaign_name: string;
  /** `utm_source` of the visit. */
  campaign_source: string;
  /** `utm_medium` of the visit. */
  campaign_medium: string;
  /** `utm_term` of the visit. */
  campaign_term: string;
  /** `utm_content` of the visit. */
  campaign_content: string;
  /** The SDK and its version. */
  library: string;
  /** The JSON exactly as it was sent. */
  original?: string;
}

/** A field that may be searched; `share` of the sampled events have it (0 to 1). */
export interface FieldInfo {
  /** As queries name it. */
  name: string;
  /** What kind of values it has. */
  type: "boolean" | "mixed" | "number" | "text" | "time";
  /** The part of the sampled events that have it, 0 to 1. */
  share: number;
}

/** The fields, as found in the newest `sampled` events. */
export interface Fields {
  /** In order of how common they are. */
  fields: FieldInfo[];
  /** How many events were looked at. */
  sampled: number;
}

/**
 * What a filter does with the events that match.
 *
 * `percent` (0 to 1) and `path` are for `SAMPLE`, `fields` (keys by the paths of objects) for the
 * two of properties.
 */
export interface FilterAction {
  /** What it does. */
  type: "ALLOW_PROPERTIES" | "DROP" | "DROP_PROPERTIES" | "SAMPLE";
  /** The share of events that is sent, 0 to 1. */
  percent?: number | null;
  /** Whose values are all sent or all not; by chance where it is empty. */
  path?: string;
  /** Keys by the paths of their objects; `""` is the event itself. */
  fields?: Record<string, string[]> | null;
}

/** What happens to the events that a filter text matches. */
export interface FilterDraft {
  /** Which events, in the full filter language. */
  if: string;
  /** What is done with the events that match, in an order of its own. */
  actions: FilterAction[];
  /** What people call it. */
  title?: string;
  /** Whether it is in use. */
  enabled?: boolean;
}

/** Ask how many events happened when, in all and by the commonest values of a field. */
export interface Histogram {
  /** Lucene query text; blank asks for everything. */
  query?: string;
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** Most buckets; they are made as short as that allows. */
  buckets_max?: number;
  /** How long a bucket is, in seconds. */
  interval_s?: number | null;
  /** A field: count by its commonest values too. */
  by?: string | null;
}

/** Every bucket of the time asked for, empty ones too, aligned to UTC (weeks to Monday). */
export interface HistogramResult {
  /** How long a bucket is, in seconds. */
  interval_s: number;
  /** In order of time, empty ones too. */
  buckets: Bucket[];
  /** The values that each bucket's `by` counts. */
  values?: string[];
  /** How many match in all. */
  total: number;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** Whom to invite, and into which role. */
export interface InviteDraft {
  /** Upper and lower case are the same. */
  email: string;
  /** What they may do; see the guide on roles. */
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  sources?: string[] | null;
}

/** A new invite with its link, which nobody can read again. */
export interface InviteMade {
  /** What it is named by in paths. */
  id: number;
  /** The e-mail address. */
  email: string;
  /** What they may do; see the guide on roles. */
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  /** Only these sources; null for all. */
  sources: string[] | null;
  /** Whether it is good now. */
  state: "expired" | "open" | "revoked" | "used";
  /** Who made it. */
  created_by: string;
  /** When it was made. */
  created_at: string;
  /** Until when it is good; null for ever. */
  expires_at: string;
  /** The link; it is shown in this answer only. */
  url: string;
}

/** What a link leads to; one that `is_reset` sets the password of a member. */
export interface InviteShown {
  /** The e-mail address. */
  email: string;
  /** What they may do; see the guide on roles. */
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  /** The workspace. */
  workspace: string;
  /** Whether it sets a new password of a member. */
  is_reset: boolean;
}

/** An invite as it is; its token is not kept. */
export interface InviteState {
  /** What it is named by in paths. */
  id: number;
  /** The e-mail address. */
  email: string;
  /** What they may do; see the guide on roles. */
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  /** Only these sources; null for all. */
  sources: string[] | null;
  /** Whether it is good now. */
  state: "expired" | "open" | "revoked" | "used";
  /** Who made it. */
  created_by: string;
  /** When it was made. */
  created_at: string;
  /** Until when it is good; null for ever. */
  expires_at: string;
}

/**
 * How an object posted to `/v1/json/<write key>` becomes a track event.
 *
 * Each path is a list of keys joined by dots. A path that leads to nothing leaves its field out;
 * the whole object becomes `properties`.
 */
export interface JsonMapping {
  /** The path of the event's name. */
  event?: string;
  /** The event's name where the path leads to nothing. */
  event_default?: string;
  /** The path of the user id. */
  user_id?: string;
  /** The path of the anonymous id. */
  anonymous_id?: string;
  /** The path of the message id. */
  message_id?: string;
  /** The path of the time. */
  timestamp?: string;
}

/**
 * A write key to be added; without a `key` one is made.
 *
 * With `overlap_s` the keys that the source has now are taken for so many seconds more.
 */
export interface KeyDraft {
  /** Your own words for it. */
  label?: string;
  /** The write key itself. */
  key?: string | null;
  /** For how many seconds the other keys are still taken. */
  overlap_s?: number | null;
}

/** A write key as it is; one of the file has no id and no times. */
export interface KeyState {
  /** What it is named by in paths. */
  id: number | null;
  /** The write key itself. */
  key: string;
  /** Your own words for it. */
  label: string;
  /** Whether it is good now. */
  state: "active" | "disabled" | "expired" | "expiring";
  /** When it was made. */
  created_at: string | null;
  /** Until when it is good; null for ever. */
  expires_at: string | null;
  /** When it was disabled; null while it is not. */
  disabled_at: string | null;
  /** When it was last used; null for never. */
  last_used_at: string | null;
}

/** The books of a range of minutes, and whether they are true. */
export interface LedgerAnswer {
  /** Whether everything that was accepted is accounted for. */
  balanced: boolean;
  /** From when. */
  since: string;
  /** Until when. */
  until: string;
  /** The sums of all rows. */
  totals: LedgerTerms;
  /** The books by source and minute. */
  rows: LedgerRow[];
  /** Rows that did not fit into the answer. */
  rows_left_out: number;
  /** The books, held against what is really there. */
  audit: Audit;
}

/** A place that holds fewer or more events than the ledger allows. */
export interface LedgerDifference {
  /** The source's slug. */
  source: string;
  /** The minute of receipt. */
  minute: string;
  /** Where it was counted. */
  place: string;
  /** Fewest that the books allow. */
  expected_min: number;
  /** Most that the books allow. */
  expected_max: number;
  /** How many are there. */
  found: number;
  /** What is wrong, for people. */
  detail: string;
}

/** One source and minute of receipt. */
export interface LedgerRow {
  /** Events that collectors took. */
  accepted: number;
  /** Events that were read, valid and new. */
  refined: number;
  /** Events in the store. */
  stored: number;
  /** Events that had come before. */
  duplicate: number;
  /** Events that were not valid. */
  invalid: number;
  /** Events that a tracking plan kept out. */
  blocked: number;
  /** Events kept out for privacy. */
  suppressed: number;
  /** Events on their way to the store. */
  in_flight: number;
  /** Whether everything that was accepted is accounted for. */
  balanced: boolean;
  /** The source's slug. */
  source: string;
  /** The minute of receipt. */
  minute: string;
}

/** The terms of the books' equation, in events. */
export interface LedgerTerms {
  /** Events that collectors took. */
  accepted: number;
  /** Events that were read, valid and new. */
  refined: number;
  /** Events in the store. */
  stored: number;
  /** Events that had come before. */
  duplicate: number;
  /** Events that were not valid. */
  invalid: number;
  /** Events that a tracking plan kept out. */
  blocked: number;
  /** Events kept out for privacy. */
  suppressed: number;
  /** Events on their way to the store. */
  in_flight: number;
  /** Whether everything that was accepted is accounted for. */
  balanced: boolean;
}

/** A new link, which nobody can read again. */
export interface LinkMade {
  /** The link; it is shown in this answer only. */
  url: string;
  /** Until when it is good; null for ever. */
  expires_at: string;
}

/** The token of a link. */
export interface LinkRead {
  /** The secret itself. */
  token: string;
}

/** What the log takes on disk. */
export interface LogStatus {
  /** What the log of accepted calls takes on disk. */
  raw_bytes: number;
  /** What the log of refined events takes on disk. */
  events_bytes: number;
}

/** A member, as they see themselves. */
export interface Me {
  /** What it is named by in paths. */
  id: string;
  /** The e-mail address. */
  email: string;
  /** What people call it. */
  name: string;
  /** Whether they may sign in with a password. */
  has_password: boolean;
  /** Whether an OpenID provider vouches for them. */
  oidc: boolean;
  /** When they last signed in; null for never. */
  signed_in_at: string | null;
}

/** What is to change of a member; what is left out stays. */
export interface MemberChange {
  /** What people call it. */
  name?: string;
  /** What they may do; see the guide on roles. */
  role?: "admin" | "editor" | "owner" | "source-only" | "viewer";
  sources?: string[] | null;
}

/** A member as they are; `oidc` tells whether an OpenID provider vouches for them. */
export interface MemberState {
  /** What it is named by in paths. */
  id: string;
  /** The e-mail address. */
  email: string;
  /** What people call it. */
  name: string;
  /** What they may do; see the guide on roles. */
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  /** Only these sources; null for all. */
  sources: string[] | null;
  /** Whether they may sign in with a password. */
  has_password: boolean;
  /** Whether an OpenID provider vouches for them. */
  oidc: boolean;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
  /** When they last signed in; null for never. */
  signed_in_at: string | null;
}

/** What one may change of oneself. */
export interface MyChange {
  /** What people call it. */
  name: string;
}

/** The workspace, as everybody in it sees it. */
export interface MyWorkspace {
  /** What it is named by in paths. */
  id: string;
  /** What people call it. */
  name: string;
}

/** An OpenID provider to sign in by: its name, and where that begins. */
export interface OpenIdOffer {
  /** What people call it. */
  name: string;
  /** The link; it is shown in this answer only. */
  url: string;
}

/** A signed-in browser; `is_this` is the one that asks. `id` names it, and lets nobody in. */
export interface OpenSession {
  /** What it is named by in paths. */
  id: string;
  /** When it was made. */
  created_at: string;
  /** When it was last used, to the minute. */
  seen_at: string;
  /** When it ends without a sign-out. */
  ends_at: string;
  /** The address that the last request came from. */
  address: string;
  /** What the browser calls itself. */
  user_agent: string;
  /** Whether it is the session of this request. */
  is_this: boolean;
}

/**
 * What differs, or was changed.
 *
 * `kept_secrets` are those whose references had no value, and which stay as they are;
 * `not_in_file` is what the file does not name and stays all the same.
 */
export interface Outcome {
  /** What differs, or was changed. */
  changes: Difference[];
  /** Secrets that no value was given for; they stay as they are. */
  kept_secrets: string[];
  /** What the file does not name, and which stays. */
  not_in_file: string[];
}

/** A new password, and the one that it replaces. */
export interface PasswordChange {
  /** Write only. */
  current_password: string;
  /** Write only. */
  new_password: string;
}

/** A subscription to begin with; what `mapping` leaves out has the field's default. */
export interface PresetShown {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** What it is for. */
  description: string;
  /** The slug of the action. */
  action: string;
  /** Which events, in the smaller filter language. */
  trigger: string;
  /** What fills the action's fields, as JSON with directives. */
  mapping: JsonObject;
}

/**
 * A destination that is there, by its `slug`, or any of a `type`.
 *
 * `filters` and `subscriptions` stand in the place of those that the one of the slug has.
 */
export interface PreviewedDestination {
  slug?: string | null;
  type?: string | null;
  /** Which events it does not get, and what is left out of the others. */
  filters?: FilterDraft[];
  /** What the destination does with events, each with its books. */
  subscriptions?: SubscriptionDraft[] | null;
}

/** What a subscription would make of the event: a payload, or why there is none. */
export interface PreviewedSubscription {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** Whether it would be sent. */
  outcome: "filtered" | "rejected" | "sent";
  /** Why it would not be; empty where it would. */
  reason: string;
  /** What would be sent; null for nothing. */
  payload: JsonObject | null;
}

/** A problem document, as the OpenAPI description shows it. */
export interface Problem {
  /** For programs: `urn:tailrace:problem:` and a word. */
  type: string;
  /** What kind of problem it is, for people. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What is wrong, for people. */
  detail: string;
  /** Which field, parameter or header is wrong. */
  field?: string;
  /** Where in the query, in characters from 0. */
  position?: number | null;
  /** What to write instead. */
  hint?: string;
  /** Seconds to wait before the next try. */
  retry_after_s?: number;
  /** Where it was looked for. */
  looked_at?: string[];
  /** Each thing that is wrong, where there are several. */
  problems?: string[];
}

/** Whether requests can be answered, and what says so. */
export interface Readiness {
  /** Whether requests can be answered. */
  ready: boolean;
  /** `ok`, or what fails, by part. */
  checks: Record<string, string>;
}

/** How many dead letters are tried again. */
export interface Replayed {
  /** How many are tried again. */
  replayed: number;
}

/** Ask for events, page by page. */
export interface Search {
  /** Lucene query text; blank asks for everything. */
  query?: string;
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** Most events of one page. */
  limit?: number;
  /** From the answer before; the other fields must be the same. */
  cursor?: string | null;
  /** By `timestamp`. */
  sort?: "newest" | "oldest";
}

/** One page; `cursor` asks for the next one and is null on the last. */
export interface SearchResult {
  /** How many match in all. */
  total: number;
  /** The events of this page. */
  events: EventOut[];
  /** Where to go on; null on the last page. */
  cursor: string | null;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** Whether this browser is signed in, and how it may be. */
export interface SessionAnswer {
  /** Whether this browser is signed in. */
  signed_in: boolean;
  /** Whether one may sign in with a password. */
  password: boolean;
  /** The OpenID provider to sign in by; null where there is none. */
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
  /** The event's messageId. */
  message_id: string;
  /** The source's slug. */
  source: string;
  /** When a collector took it. */
  received_at: string;
  /** What became of it. */
  outcome: string;
  /** Why, in a word. */
  reason: string;
  /** What is wrong, for people. */
  detail: string;
  /** Which type it is. */
  type: string;
  /** The name of a track event, where it could be read. */
  event: string;
  /** The record's partition of the raw log. */
  raw_partition: number;
  /** The record's offset in the raw log. */
  raw_offset: number;
  /** Which event of the record, from 0. */
  raw_index: number;
  /** The JSON exactly as it was sent. */
  original: string;
}

/** Events that went no further, newest first; `cursor` is null on the last page. */
export interface SetAsidePage {
  /** The events of this page. */
  events: SetAside[];
  /** Where to go on; null on the last page. */
  cursor: string | null;
}

/**
 * The settings as they are.
 *
 * A session ends `session_hours_max` after its sign-in. API tokens that are made from now on must
 * end within `token_days_max`; null leaves that to those who make them.
 */
export interface Settings {
  /** What people call it. */
  name: string;
  /** How long a sign-in lasts. */
  session_hours_max: number;
  /** How long an API token may be good; null for ever. */
  token_days_max: number | null;
}

/** What is to change of the settings; what is left out stays. */
export interface SettingsChange {
  /** What people call it. */
  name?: string;
  /** How long a sign-in lasts. */
  session_hours_max?: number;
  /** How long an API token may be good; null for ever. */
  token_days_max?: number | null;
}

/** A member's e-mail address and password; or a token. */
export interface SignIn {
  /** The e-mail address. */
  email?: string;
  /** Write only. */
  password?: string;
  /** The secret itself. */
  token?: string;
}

/** A source, how to send to it, and what it sent lately. */
export interface SourceAnswer {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** What sends: it decides which code the guide shows. */
  kind: "json" | "mobile" | "server" | "web" | "webhook";
  /** Whether it is in use. */
  enabled: boolean;
  /** `file` for what the settings file has; it is changed there. */
  managed_by: "api" | "file";
  /** Whether IP addresses are kept, truncated or dropped. */
  ip: "drop" | "keep" | "truncate";
  /** Most requests per second; more are answered with 429. */
  requests_per_s_max: number | null;
  /** Signs the calls of a webhook source; `***` where there is one. */
  webhook_secret: "***" | null;
  /** How objects posted as JSON become events. */
  json: JsonMapping;
  /** Those that may be used now, the newest first. */
  write_keys: string[];
  /** When it was made. */
  created_at: string | null;
  /** When it was last changed. */
  updated_at: string | null;
  /** Where SDKs send events. */
  collect_url: string;
  /** Events per minute, over the last five minutes. */
  events_per_min: number;
  /** Events of the last 24 hours. */
  events_24h: number;
  /** Invalid events of the last 24 hours. */
  invalid_24h: number;
  /** When the newest event was received. */
  last_event_at: string | null;
}

/** What is to change of a source; what is left out stays, and so does a secret sent as `***`. */
export interface SourceChange {
  /** What people call it. */
  name?: string;
  /** What sends: it decides which code the guide shows. */
  kind?: "json" | "mobile" | "server" | "web" | "webhook";
  /** Whether it is in use. */
  enabled?: boolean;
  /** Whether IP addresses are kept, truncated or dropped. */
  ip?: "drop" | "keep" | "truncate";
  /** Most requests per second; more are answered with 429. */
  requests_per_s_max?: number | null;
  webhook_secret?: string | null;
  /** How objects posted as JSON become events. */
  json?: JsonMapping;
}

/** A source to be made; without a `write_key` one is made for it. */
export interface SourceDraft {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name?: string;
  /** What sends: it decides which code the guide shows. */
  kind?: "json" | "mobile" | "server" | "web" | "webhook";
  /** Whether it is in use. */
  enabled?: boolean;
  /** Whether IP addresses are kept, truncated or dropped. */
  ip?: "drop" | "keep" | "truncate";
  /** Most requests per second; more are answered with 429. */
  requests_per_s_max?: number | null;
  webhook_secret?: string | null;
  /** How objects posted as JSON become events. */
  json?: JsonMapping;
  /** A key of your own; one is made where it is missing. */
  write_key?: string | null;
}

/** Ask in SQL; `parameters` fill the placeholders `{name:Type}`. */
export interface Sql {
  /** One SELECT on the view `events`. */
  sql: string;
  /** Values of the placeholders `{name:Type}`. */
  parameters?: Record<string, string | number | boolean | (string | number | boolean | null)[] | null>;
}

/** A column of the answer, with its ClickHouse type. */
export interface SqlColumn {
  /** What people call it. */
  name: string;
  /** Its ClickHouse type. */
  type: string;
}

/** `rows` are JSON arrays in the order of `columns`. */
export interface SqlResult {
  /** The columns of the rows, in order. */
  columns: SqlColumn[];
  /** Each row as a list of values, in the order of the columns. */
  rows: Json[];
  /** The time that the store needed. */
  took_ms: number;
}

/** How the system is doing now; `problems` are sentences, empty while all is well. */
export interface Status {
  /** Tailrace's version. */
  version: string;
  /** Where SDKs send events. */
  collect_url: string;
  /** Where the web app is. */
  app_url: string;
  /** The server's time. */
  now: string;
  /** Whether any event is stored. */
  has_events: boolean;
  /** How many are stored. */
  events: number;
  /** Events per second, just now. */
  events_per_s: number;
  /** How long ago the newest event happened; null without any. */
  freshness_s: number | null;
  /** When the newest event was received. */
  last_event_at: string | null;
  /** Accepted records that are not refined yet. */
  refine_lag_records: number;
  /** Refined records that are not stored yet. */
  store_lag_records: number;
  /** What the events take in the store. */
  store: StoreStatus;
  /** What the log takes on disk. */
  log: LogStatus;
  /** How many live streams are open. */
  live_streams: number;
  /** What does not work, in sentences; empty while all is well. */
  problems: string[];
}

/** One thing that happened to the event; `at` is null where the moment was not kept. */
export interface Step {
  /** What happened, in a word. */
  step: string;
  /** When. */
  at: string | null;
  /** What happened, in a sentence. */
  summary: string;
  /** The source's slug. */
  source: string;
  /** More about it, for programs. */
  facts: JsonObject;
}

/** What the events take in the store. */
export interface StoreStatus {
  /** How many events. */
  rows: number;
  /** Parts of the table in the store. */
  parts: number;
  /** What it takes on disk. */
  bytes: number;
  /** Bytes on disk per event. */
  bytes_per_event: number;
}

/** What became of the events of those minutes at one subscription. */
export interface SubscriptionBooks {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** How many. */
  events: number;
  /** Events that the tool took. */
  delivered: number;
  /** Events that were not for it. */
  filtered: number;
  /** Events that were given up, and are kept to be looked at. */
  dead_letters: number;
  /** Dead letters that were removed. */
  discarded: number;
  /** Events that wait out of line to be tried again. */
  waiting: number;
}

/**
 * One use of an action: the events that it is for, and what it is given of them.
 *
 * `mapping` says by the action's fields what fills them; a field that it leaves out is filled as
 * the action does by default.
 */
export interface SubscriptionDraft {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** One of the actions of the destination's type. */
  action: string;
  /** What people call it. */
  name?: string;
  /** Whether it is in use. */
  enabled?: boolean;
  /** Which events, in the smaller filter language. */
  trigger?: string;
  /** What fills the action's fields, as JSON with directives. */
  mapping?: JsonObject;
}

/** What became of the events at one subscription, in events since it began. */
export interface SubscriptionTotals {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** Events that the tool took. */
  delivered: number;
  /** Events that were not for it. */
  filtered: number;
  /** Events that were given up, and are kept to be looked at. */
  dead_letters: number;
  /** Dead letters that were removed. */
  discarded: number;
  /** Events that wait out of line to be tried again. */
  waiting: number;
}

/** What to try a destination with: an event of one's own or, without one, the newest stored. */
export interface TestEvent {
  /** The event; without it the newest one that the destination would get. */
  event?: JsonObject;
  /** The slug of a subscription; the first one when it is empty. */
  subscription?: string;
}

/** A token to be made; without `expires_in_days` it is good until it is revoked. */
export interface TokenDraft {
  /** What people call it. */
  name: string;
  /** What it may be used for. */
  permissions: ("account" | "audit:read" | "destinations:read" | "destinations:write" | "events:read" | "members:read" | "members:write" | "owners:write" | "settings:read" | "settings:write" | "sources:read" | "sources:write" | "system:read" | "tokens:read" | "tokens:write" | "workspace:apply")[];
  /** How long it is good; null for ever, where the settings allow it. */
  expires_in_days?: number | null;
}

/** A new token, with the secret itself: nobody can read it again. */
export interface TokenMade {
  /** What it is named by in paths. */
  id: string;
  /** What people call it. */
  name: string;
  /** How it begins, to tell it from others. */
  hint: string;
  /** What it may be used for. */
  permissions: ("account" | "audit:read" | "destinations:read" | "destinations:write" | "events:read" | "members:read" | "members:write" | "owners:write" | "settings:read" | "settings:write" | "sources:read" | "sources:write" | "system:read" | "tokens:read" | "tokens:write" | "workspace:apply")[];
  /** Who made it. */
  created_by: string;
  /** Whose it is; null for one of the first owner's token. */
  member_id: string | null;
  /** When it was made. */
  created_at: string;
  /** Until when it is good; null for ever. */
  expires_at: string | null;
  /** When it was last used; null for never. */
  last_used_at: string | null;
  /** Whether it is good now. */
  state: "active" | "expired" | "revoked";
  /** The secret itself. */
  token: string;
}

/**
 * A token as people read it; `hint` is its beginning.
 *
 * It may do what its `permissions` say, as far as its member still may. One without `member_id`
 * was made with the first owner's token.
 */
export interface TokenState {
  /** What it is named by in paths. */
  id: string;
  /** What people call it. */
  name: string;
  /** How it begins, to tell it from others. */
  hint: string;
  /** What it may be used for. */
  permissions: ("account" | "audit:read" | "destinations:read" | "destinations:write" | "events:read" | "members:read" | "members:write" | "owners:write" | "settings:read" | "settings:write" | "sources:read" | "sources:write" | "system:read" | "tokens:read" | "tokens:write" | "workspace:apply")[];
  /** Who made it. */
  created_by: string;
  /** Whose it is; null for one of the first owner's token. */
  member_id: string | null;
  /** When it was made. */
  created_at: string;
  /** Until when it is good; null for ever. */
  expires_at: string | null;
  /** When it was last used; null for never. */
  last_used_at: string | null;
  /** Whether it is good now. */
  state: "active" | "expired" | "revoked";
}

/** What became of the events with one message id, given as it is kept. */
export interface TraceAnswer {
  /** The event's messageId. */
  message_id: string;
  /** What became of it. */
  outcome: string;
  /** What happened to it, in order. */
  steps: Step[];
  /** Where it was looked for. */
  looked_at: string[];
}

/** What became of a test event; `request` is null where none was made over HTTP. */
export interface Tried {
  /** What became of it. */
  outcome: "delivered" | "rejected" | "retry" | "suspended";
  /** Why, in a word. */
  reason: string;
  /** What is wrong, for people. */
  detail: string;
  /** The slug of the subscription. */
  subscription: string;
  /** The event that was sent. */
  event: JsonObject;
  /** What was sent; null where it was not sent over HTTP. */
  request: TriedRequest | null;
  /** What came back; null where nothing did. */
  response: TriedResponse | null;
  /** How long it took. */
  took_ms: number;
}

/** A request as it was sent, secrets as `***`; a long body is cut. */
export interface TriedRequest {
  /** The method. */
  method: string;
  /** The address; secrets are `***`. */
  url: string;
  /** The headers; secrets are `***`. */
  headers: Record<string, string>;
  /** The body as text; a long one is cut. */
  body: string;
}

/** An answer as it came, secrets as `***`; a long body is cut. */
export interface TriedResponse {
  /** The HTTP status. */
  status: number;
  /** The headers; secrets are `***`. */
  headers: Record<string, string>;
  /** The body as text; a long one is cut. */
  body: string;
}

/** So many events have this value. */
export interface ValueCount {
  /** The value, as text. */
  value: string;
  /** How many. */
  events: number;
}

/** Ask for the commonest values of a field. */
export interface Values {
  /** Which field, such as `properties.currency`. */
  field: string;
  /** Lucene query text; blank asks for everything. */
  query?: string;
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** Most values to return. */
  limit?: number;
}

/**
 * `other` is how often further values occur, `missing` how many events have none.
 *
 * An event whose field is a list counts for each of its values. `distinct` is about right.
 */
export interface ValuesResult {
  /** The commonest values. */
  values: ValueCount[];
  /** Events with further values. */
  other: number;
  /** Events that have no value. */
  missing: number;
  /** How many different values there are, about. */
  distinct: number;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/**
 * Who makes a request and what they may do; `member` is null for a token of no member.
 *
 * `sources` are the slugs of the only sources that they may see or change, null for all.
 */
export interface Whoami {
  /** Who: a member's e-mail, `token NAME (e-mail)`, `owner` or `local`. */
  actor: string;
  /** What they may do; see the guide on roles. */
  role: "admin" | "editor" | "owner" | "source-only" | "viewer";
  /** What may be asked with this sign-in. */
  permissions: ("account" | "audit:read" | "destinations:read" | "destinations:write" | "events:read" | "members:read" | "members:write" | "owners:write" | "settings:read" | "settings:write" | "sources:read" | "sources:write" | "system:read" | "tokens:read" | "tokens:write" | "workspace:apply")[];
  /** Only these sources; null for all. */
  sources: string[] | null;
  /** The member; null for the first owner's token and local commands. */
  member: Me | null;
  /** The workspace. */
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
  /** Show destination type. */
  "GET /destination-types/{slug}": {
    path: { slug: string };
    query: null;
    body: null;
    answer: DestinationTypeDetails;
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
    query: { check?: boolean };
    body: DestinationDraft;
    answer: DestinationState;
  };
  /** Preview destination. */
  "POST /destinations/preview": {
    path: null;
    query: null;
    body: DestinationPreview;
    answer: PreviewedSubscription[];
  };
  /** Check settings. */
  "POST /destinations/check": {
    path: null;
    query: null;
    body: DestinationCheck;
    answer: CheckAnswer;
  };
  /** Check destination. */
  "POST /destinations/{slug}/check": {
    path: { slug: string };
    query: null;
    body: null;
    answer: CheckAnswer;
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
    query: { check?: boolean };
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
  /** Show delivery. */
  "GET /destinations/{slug}/delivery": {
    path: { slug: string };
    query: null;
    body: null;
    answer: DeliveryStatus;
  };
  /** Search dead letters. */
  "GET /destinations/{slug}/dead-letters": {
    path: { slug: string };
    query: { reason?: string; subscription?: string; text?: string; limit?: number; cursor?: string };
    body: null;
    answer: DeadLetterState[];
  };
  /** Show one dead letter. */
  "GET /destinations/{slug}/dead-letters/{letter_id}": {
    path: { slug: string; letter_id: number };
    query: null;
    body: null;
    answer: DeadLetterShown;
  };
  /** Replay dead letters. */
  "POST /destinations/{slug}/dead-letters/replay": {
    path: { slug: string };
    query: null;
    body: DeadLetterChoice;
    answer: Replayed;
  };
  /** Discard dead letters. */
  "POST /destinations/{slug}/dead-letters/discard": {
    path: { slug: string };
    query: null;
    body: DeadLetterChoice;
    answer: Discarded;
  };
  /** Send test event. */
  "POST /destinations/{slug}/test": {
    path: { slug: string };
    query: null;
    body: TestEvent;
    answer: Tried;
  };
  /** Show delivery books. */
  "GET /destinations/{slug}/books": {
    path: { slug: string };
    query: { since?: string; until?: string; source?: string };
    body: null;
    answer: DeliveryBooks;
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
