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

/** People of a day, and of the days that end with it. */
export interface ActiveDay {
  /** When. */
  at: string;
  /** Whether every place was counted as a whole. */
  is_complete: boolean;
  /** Who did it on that day. */
  daily: number;
  /** Who did it in the days that end with it. */
  active: number;
  /** `daily` by `active`; null where that is 0. */
  ratio: number | null;
}

/** Ask what part of the people of a `month` (30 days) or a `week` (7 days) came on a day. */
export interface ActiveRatio {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** How many. */
  events?: Events;
  /** A week (7 days) or a month (30 days) that ends with the day. */
  of?: "month" | "week";
}

/** `ratio` is the mean of `daily` by the mean of `active`, over the days that are complete. */
export interface ActiveRatioResult {
  /** Every day, empty ones too. */
  days: ActiveDay[];
  /** Mean of `daily` by mean of `active`; null where that is 0. */
  ratio: number | null;
  /** What exactly was counted, in words. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** Ask for metrics and buckets of the events that match, as Elasticsearch's `aggs`. */
export interface Aggregate {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** An earlier time to hold the answers against. */
  compare?: Compare | null;
  /** Aggregations by name, as in Elasticsearch: `{"by_plan": {"terms": {"field": "traits.plan"}}}`. */
  aggs: JsonObject;
}

/** How many events matched, and the answers by the names of the aggregations. */
export interface AggregateResult {
  /** How many match in all. */
  total: number;
  /** The answers by the names given, in the shapes of Elasticsearch. */
  aggregations: JsonObject;
  /** The same of the earlier time, where one was asked for. */
  compared?: Compared;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** What of a destination is trouble, each null where it is none; one is enough. */
export interface AlertConditions {
  down_for_s?: number | null;
  suspended_for_s?: number | null;
  oldest_older_than_s?: number | null;
  dead_letters_more_than?: number | null;
  /** How recent dead letters are that count. */
  dead_letters_within_s?: number;
}

/**
 * How what an alert watches stands, and how telling people goes.
 *
 * `firing` has the first ones of `firing_count`; `waiting` are messages that nobody has taken yet,
 * `problem` says why.
 */
export interface AlertStanding {
  /** Whether a destination is in trouble. */
  state: "disabled" | "firing" | "ok";
  /** The first destinations in trouble. */
  firing: FiringShown[];
  /** How many destinations are in trouble. */
  firing_count: number;
  /** When a message was last taken; null for never. */
  notified_at: string | null;
  /** Messages that nobody has taken yet. */
  waiting: number;
  /** Why the last message was not taken; empty where it was. */
  problem: string;
}

/** How a test message was taken in one place. */
export interface AlertTested {
  /** The slug of the place. */
  notify: string;
  /** What the message was sent to. */
  type: string;
  /** Whether the message was taken. */
  is_good: boolean;
  /** Why the message was not taken; empty where it was. */
  detail: string;
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

/**
 * Ask what brought the conversions between since and until.
 *
 * `touches` are where each `session` came from, or also each later `event` that says something
 * else. `value` is a field of the conversion with a number, such as `properties.revenue`.
 */
export interface Attribution {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** The events that count. */
  conversion: Events;
  value?: string | null;
  /** Which touches a conversion is owed to. */
  model?: "first" | "last" | "last_non_direct" | "linear" | "position" | "time_decay";
  /** Where each `session` came from, or also what each `event` in it says. */
  touches?: "event" | "session";
  /** How long before a conversion a touch may be. */
  look_back_days?: number;
  /** With `time_decay`: a touch so many days earlier counts half. */
  half_life_days?: number;
  /** A longer break than this begins a new session. */
  gap_minutes?: number;
  /** What a row is of, in this order. */
  by?: ("campaign" | "channel" | "medium" | "source")[];
  /** Most rows; the rest is one row, `Other`. */
  rows_max?: number;
}

/** Ask who converted thanks to the touches of one row; `row` is its `values`. */
export interface AttributionPeople {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** The events that count. */
  conversion: Events;
  value?: string | null;
  /** Which touches a conversion is owed to. */
  model?: "first" | "last" | "last_non_direct" | "linear" | "position" | "time_decay";
  /** Where each `session` came from, or also what each `event` in it says. */
  touches?: "event" | "session";
  /** How long before a conversion a touch may be. */
  look_back_days?: number;
  /** With `time_decay`: a touch so many days earlier counts half. */
  half_life_days?: number;
  /** A longer break than this begins a new session. */
  gap_minutes?: number;
  /** What a row is of, in this order. */
  by?: ("campaign" | "channel" | "medium" | "source")[];
  /** Most rows; the rest is one row, `Other`. */
  rows_max?: number;
  /** The `values` of the row. */
  row: string[];
  /** Most people in the answer. */
  limit?: number;
}

/**
 * The rows, the one with most conversions first; together they are all conversions.
 *
 * What is beyond `rows_max` is one row, whose values are `Other`.
 */
export interface AttributionResult {
  /** Largest first. */
  rows: AttributionRow[];
  /** All conversions. */
  conversions: number;
  /** The sum of all conversions' values. */
  value: number | null;
  /** Who converted, each counted once. */
  people: number;
  /** What exactly was counted, in a sentence or two. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/**
 * What is owed to touches with these values, in the order of `by`.
 *
 * `people` converted thanks to at least one of them; one person may be in several rows.
 */
export interface AttributionRow {
  /** Of the dimensions in `by`, in that order. */
  values: string[];
  /** Conversions owed to it; parts of one where a model divides. */
  conversions: number;
  /** Its share of all conversions (0 to 1). */
  share: number;
  /** The same parts of the conversions' values. */
  value: number | null;
  /** Who converted thanks to it, each counted once. */
  people: number;
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

/** What became of a backfill's events at one subscription, and how many are still to come. */
export interface BackfillBooks {
  /** The subscription. */
  slug: string;
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
  /** Events without an outcome yet; null until all are counted. */
  to_come: number | null;
}

/** How many dead letters of a backfill were removed, and whether more are left. */
export interface BackfillDiscarded {
  /** Dead letters that were removed. */
  discarded: number;
  /** Whether more of those are left. */
  more: boolean;
}

/** Which events of the past are to be sent, and how fast. */
export interface BackfillDraft {
  /** From when: a duration before now, a time or date math. */
  since: string;
  /** Until when, in the same forms. */
  until?: string;
  /** Only these sources; null for all. */
  sources?: string[] | null;
  /** Only events that match, in the search language; all when it is empty. */
  query?: string;
  /** What the destination does with events, each with its books. */
  subscriptions?: string[];
  /** Most events per second that the destination is given; null: no limit. */
  events_per_s_max?: number | null;
}

/** How many events a backfill would be about, and the first ones as destinations get them. */
export interface BackfillPreview {
  /** How many. */
  events: number;
  /** The first ones, as destinations get them. */
  sample: JsonObject[];
}

/** How many dead letters of a backfill are tried again, and whether more are left. */
export interface BackfillReplayed {
  /** How many are tried again. */
  replayed: number;
  /** Whether more of those are left. */
  more: boolean;
}

/** A backfill; its counts of outcomes are those of all its subscriptions together. */
export interface BackfillState {
  /** What it is named by in paths. */
  id: number;
  /** Whether it is good now. */
  state: "canceled" | "counting" | "done" | "failed" | "paused" | "queued" | "running";
  /** Why it takes nothing; empty while it does. */
  problem: string;
  /** From when. */
  since: string;
  /** Until when. */
  until: string;
  /** Only events that match it. */
  query: string;
  /** Only these sources; null for all. */
  sources: string[] | null;
  /** Most events per second that the destination is given; null: no limit. */
  events_per_s_max: number | null;
  /** Events that it is about; null until they are counted. */
  selected: number | null;
  /** Events that were read from the store so far. */
  fed: number;
  /** Events that have an outcome at every subscription, or wait. */
  ended: number;
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
  /** Events without an outcome yet; null until all are counted. */
  to_come: number | null;
  /** What the destination does with events, each with its books. */
  subscriptions: BackfillBooks[];
  /** When it was made. */
  created_at: string;
  /** Who made it. */
  created_by: string;
  /** When it ended; null before. */
  ended_at: string | null;
}

/** The periods from `first` to `last`, both included; 0 is the period of the start. */
export interface Bracket {
  /** The first period. */
  first: number;
  /** The last period. */
  last: number;
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

/**
 * Whether a text is in its language.
 *
 * `types` are the types of event that a filter or trigger can match; null for any.
 */
export interface CheckedText {
  /** Whether it could be saved. */
  is_valid: boolean;
  /** What is wrong with it, or easily misread. */
  problems: LanguageProblem[];
  /** The types of event that it can match; null for any. */
  types: string[] | null;
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

/** Which earlier time: the one just before, of the same length, or that long ago. */
export interface Compare {
  /** `previous` (the time just before, of the same length), or how long ago: `7d`, `1M`, `1y`. */
  shift?: string;
}

/** The same of the earlier time: where now has a bucket, there is one too, or null. */
export interface Compared {
  /** From when. */
  since: string;
  /** Until when. */
  until: string;
  /** How many match in all. */
  total: number;
  /** The answers of the earlier time, in the order of those of now. */
  aggregations: JsonObject;
}

/**
 * A variant against the control.
 *
 * `difference` is absolute and `lift` relative, both with their intervals. p, the intervals and
 * the verdict of a fixed plan are none until its people are there. `p_adjusted` is Holm's over the
 * variants. `detectable` is the smallest difference that so many people show with the power asked
 * for; a smaller one may be there and not be seen.
 */
export interface Comparison {
  /** The variant that is compared with the control. */
  variant: string;
  /** The variant's mean less the control's. */
  difference: number;
  /** The lower end of its interval; null while the verdict waits. */
  difference_low: number | null;
  /** The upper end of its interval; null while the verdict waits. */
  difference_high: number | null;
  /** The difference relative to the control; null where that is 0. */
  lift: number | null;
  /** The lower end of its interval. */
  lift_low: number | null;
  /** The upper end of its interval. */
  lift_high: number | null;
  /** How p was found. */
  test: "fisher" | "sequential" | "welch" | "z";
  /** The chance of so large a difference if there is none; null while the verdict waits. */
  p: number | null;
  /** The same for all variants together (Holm); the verdict goes by it. */
  p_adjusted: number | null;
  /** The smallest difference that so many people show with the power asked for; null where none is. */
  detectable: number | null;
  /** `invalid` where the split is not the planned one, `waiting` until enough people are there. */
  verdict: "higher" | "invalid" | "lower" | "undecided" | "waiting";
}

/**
 * A query as far as it is written, and where in it the next character goes.
 *
 * Values and fields are those of the events since then.
 */
export interface Complete {
  /** The query as far as it is written. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** Where the next character goes, from 0; the end where it is left out. */
  position?: number | null;
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** At most so many suggestions. */
  limit?: number;
}

/** What may stand from `start` to `end` of the query, in place of what is there; best first. */
export interface Completed {
  /** Where in the query the part begins that a suggestion replaces. */
  start: number;
  /** Where in the query that part ends. */
  end: number;
  /** Whose values are suggested; null where it is no value. */
  field: string | null;
  /** What may stand there, the likeliest first. */
  suggestions: Suggestion[];
}

/** Which dead letters: those of some ids, all, or those to which all that is said applies. */
export interface DeadLetterChoice {
  /** Of these ids. */
  ids?: number[];
  /** All of them. */
  all?: boolean;
  /** Of this reason. */
  reason?: string;
  /** Of this subscription. */
  subscription?: string;
  /** With this in the event's name, its messageId or the detail. */
  text?: string;
  /** Of this HTTP status; 0 for none. */
  status?: number;
  /** Of events from this source. */
  source?: string;
  /** Of this type of event. */
  type?: string;
  /** Of events with this name. */
  name?: string;
  /** Last tried since: a time, or a duration before now. */
  since?: string;
  /** Last tried before: a time, or a duration before now. */
  until?: string;
  /** None that is newer than this one. */
  until_id?: number;
}

/** An event that the destination gave up, as it would have got it, and all that is known. */
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
  /** Whether people have changed it since it was received. */
  edited: boolean;
  /** The event as the destination would have got it. */
  event: JsonObject;
  /** Its first and its last attempts. */
  tried: FailedAttempt[];
  /** What was sent; null where it was not sent over HTTP. */
  request: TriedRequest | null;
  /** What came back; null where nothing did. */
  response: TriedResponse | null;
  /** How many events that request had. */
  request_events: number;
  /** What would be sent; null for nothing. */
  payload: JsonObject | null;
  /** Why there is no payload; empty where there is one. */
  payload_problem: string;
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
  /** Whether people have changed it since it was received. */
  edited: boolean;
}

/** What is to change of a delivery alert; what is left out stays, what is given is whole. */
export interface DeliveryAlertChange {
  /** What people call it. */
  name?: string;
  /** Whether it is in use. */
  enabled?: boolean;
  /** The slugs of those that are watched; null for all. */
  destinations?: string[] | null;
  /** What trouble is. */
  when?: AlertConditions;
  /** Hours until people are told again; null for never. */
  repeat_every_h?: number | null;
  /** Where messages go. */
  notify?: NotifyDraft[];
}

/** A delivery alert to be made; without `destinations` it watches all. */
export interface DeliveryAlertDraft {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name?: string;
  /** Whether it is in use. */
  enabled?: boolean;
  /** The slugs of those that are watched; null for all. */
  destinations?: string[] | null;
  /** What trouble is. */
  when: AlertConditions;
  /** Hours until people are told again; null for never. */
  repeat_every_h?: number | null;
  /** Where messages go. */
  notify: NotifyDraft[];
}

/** A delivery alert, and how what it watches stands. */
export interface DeliveryAlertState {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** Whether it is in use. */
  enabled: boolean;
  /** The slugs of those that are watched; null for all. */
  destinations: string[] | null;
  /** What trouble is. */
  when: AlertConditions;
  /** Hours until people are told again; null for never. */
  repeat_every_h: number | null;
  /** Where messages go. */
  notify: NotifyState[];
  /** Counts its changes. */
  version: number;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
  /** How what is watched stands. */
  standing: AlertStanding;
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

/**
 * What lies before a destination, and how fast it gets through it.
 *
 * The backlog is all that has no outcome yet: what is not read, what is on its way and what waits
 * out of line, by the ledger. Times are of requests that
 * ended in the last minute, null without any.
 */
export interface DeliveryPace {
  /** Events without an outcome yet, by the ledger. */
  backlog_events: number;
  /** Their size as JSON, estimated. */
  backlog_bytes: number;
  /** Since when it has taken nothing, although it was asked; null if it has. */
  failing_since: string | null;
  /** Events delivered per second, over the last 10 s. */
  events_per_s_10s: number;
  /** Events delivered per second, over the last minute. */
  events_per_s_60s: number;
  /** Outcomes of the last minute after which an event is tried again. */
  retries_60s: number;
  /** Requests on their way. */
  requests_now: number;
  /** How many requests may be on their way at once now. */
  requests_at_once: number;
  /** Milliseconds that requests took: half took no longer. */
  request_ms_p50: number | null;
  /** Milliseconds that requests took: 99 of 100 took no longer. */
  request_ms_p99: number | null;
  /** From receipt to delivery, in seconds: half took no longer. */
  delivered_after_s_p50: number | null;
  /** From receipt to delivery, in seconds: 99 of 100 took no longer. */
  delivered_after_s_p99: number | null;
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
  state: "disabled" | "down" | "drained" | "draining" | "running" | "starting" | "suspended";
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
  /** How fast it is delivered to; null where that is not known. */
  pace: DeliveryPace | null;
  /** What the destination does with events, each with its books. */
  subscriptions: SubscriptionTotals[];
  /** Why events were not delivered, the commonest first. */
  reasons: DeliveryReason[];
}

/**
 * How deliveries to a destination stand, in what costs little to ask of many at once.
 *
 * `backlog_events` is null while who delivers has told nothing; `behind_records` are known then.
 */
export interface DeliverySummary {
  /** Whether the destination takes events. */
  state: "disabled" | "down" | "drained" | "draining" | "running" | "starting" | "suspended";
  /** Why it takes nothing; empty while it does. */
  problem: string;
  /** When the oldest event on its way was received; null without any. */
  oldest_at: string | null;
  /** When the tool last answered as it should; null for never. */
  worked_at: string | null;
  /** Records of refined events that the destination has not dealt with. */
  behind_records: number;
  /** Events without an outcome yet; null where not known. */
  backlog_events: number | null;
  /** Events delivered per second, over the last minute. */
  events_per_s_60s: number;
  /** Events that wait out of line to be tried again. */
  waiting: number;
  /** Events that were given up, and are kept to be looked at. */
  dead_letters: number;
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

/**
 * A destination, and how many of the newest stored events to try it on.
 *
 * `samples` is how many events are shown of each reason.
 */
export interface DestinationDryRun {
  /** Which destination. */
  destination: PreviewedDestination;
  /** Of how many of the newest stored events. */
  events?: number;
  /** How many events to show of each reason. */
  samples?: number;
}

/**
 * An event, and the destination that shall make something of it.
 *
 * The event is given, or it is a stored one of a `message_id`. A given one is of no source, so
 * that it may go wherever the destination's `sources` are, unless `source` says one.
 */
export interface DestinationPreview {
  /** Which destination. */
  destination: PreviewedDestination;
  /** The event, as SDKs send it; missing ids and times are made. */
  event?: JsonObject;
  /** Of a stored event, in the place of `event`. */
  message_id?: string;
  /** The event's source; that of any where it is empty. */
  source?: string;
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

/** A destination, and how deliveries to it stand; null where that cannot be read. */
export interface DestinationSummary {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** The slug of its type. */
  type: string;
  /** Whether it is in use. */
  enabled: boolean;
  /** How it is delivered to; null where that cannot be read. */
  delivery: DeliverySummary | null;
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

/** A device, browser or app that events came from. */
export interface DeviceSeen {
  /** Told by the user agent. */
  device: string;
  /** Told by the user agent. */
  os: string;
  /** Told by the user agent. */
  browser: string;
  /** The SDK and its version. */
  library: string;
  /** How many. */
  events: number;
  /** Its first event. */
  first_seen_at: string;
  /** Its last event. */
  last_seen_at: string;
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

/** How many dead letters were removed, and whether `more` of those are left. */
export interface Discarded {
  /** Dead letters that were removed. */
  discarded: number;
  /** Whether more of those are left. */
  more: boolean;
  /** The newest that was there; give it to go on where more are left. */
  until_id: number;
}

/** What would become of the newest `events`, fewer than asked for where not `is_complete`. */
export interface DryRun {
  /** How many events were looked at. */
  events: number;
  /** When the oldest of them was received; null without any. */
  oldest_at: string | null;
  /** When the newest of them was received; null without any. */
  newest_at: string | null;
  /** Whether the time was enough for all of them. */
  is_complete: boolean;
  /** How long it took. */
  took_ms: number;
  /** What would become of them at each subscription. */
  subscriptions: DryRunSubscription[];
}

/** How many events would end so, and some of them. */
export interface DryRunReason {
  /** Whether they would be sent. */
  outcome: "filtered" | "rejected" | "sent";
  /** Where they stop; empty where they do not. */
  step: "" | "consent" | "filters" | "integrations" | "mapping" | "sources" | "subscription" | "trigger";
  /** Why they would not be; empty where they would. */
  reason: string;
  /** How many. */
  events: number;
  /** Some of them, the newest first. */
  samples: DryRunSample[];
}

/** An event; `payload` is what would be sent, null for nothing or where it is too long. */
export interface DryRunSample {
  /** The event's messageId. */
  message_id: string;
  /** The call that sent it. */
  type: string;
  /** The name of a track event, page or screen. */
  name: string;
  /** The source's slug. */
  source: string;
  /** When a collector took it. */
  received_at: string;
  /** What is wrong with fields of the payload. */
  problems: PreviewedProblem[];
  /** What would be sent; null for nothing, or where it is too long. */
  payload: JsonObject | null;
}

/**
 * What would become of the events at one subscription.
 *
 * `batches` counts those that the action's bounds alone would make, the fewest that there could
 * be; null where settings that are not known decide.
 */
export interface DryRunSubscription {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** Events that would be sent. */
  sent: number;
  /** Events that are not for it. */
  filtered: number;
  /** Events that give no payload that fits. */
  rejected: number;
  /** Of all payloads together, as JSON. */
  payload_bytes: number;
  /** Of the largest payload. */
  payload_bytes_max: number;
  /** The fewest requests; null where other settings decide. */
  batches: number | null;
  /** What became of the events, the commonest first. */
  reasons: DryRunReason[];
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

/** The event as it is to be sent; as it was when it is left out. */
export interface EventToReplay {
  /** The event as it is to be sent; as it was when it is left out. */
  event?: JsonObject;
}

/** How often somebody did something. */
export interface EventTotal {
  /** The name of a track event. */
  event: string;
  /** Which type it is. */
  type: "track" | "identify" | "page" | "screen" | "group" | "alias";
  /** How many. */
  events: number;
  /** The first one. */
  first_seen_at: string;
  /** The last one. */
  last_seen_at: string;
}

/**
 * Some events: of a name, of a type, that match a query; of all three what is given.
 *
 * Without a `language` the query is in that of the question.
 */
export interface Events {
  /** The name of a track event. */
  event?: string | null;
  /** Which type it is. */
  type?: "alias" | "group" | "identify" | "page" | "screen" | "track" | null;
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  language?: "kql" | "lucene" | null;
  /** What the events are called in the answer. */
  label?: string | null;
}

/** Events that may not come between two steps; without `before_step`, until the last one. */
export interface Exclusion {
  /** The name of a track event. */
  event?: string | null;
  /** Which type it is. */
  type?: "alias" | "group" | "identify" | "page" | "screen" | "track" | null;
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  language?: "kql" | "lucene" | null;
  /** Your own words for it. */
  label?: string | null;
  /** A step, from 1. */
  after_step?: number;
  before_step?: number | null;
}

/**
 * Ask how variants compare with the `control`.
 *
 * Somebody is in the variant of their first `exposure` between since and until, as its field
 * `variant` says; who saw two is left out. Of the events of the `metrics` those after it count,
 * for the `window` where there is one, else until `until`. The first metric is the one to decide
 * by, the others are exploratory. `split` is the planned one, equal parts if not given. With the
 * `fixed` method the verdict waits until each variant has `people_planned`; the `sequential` one
 * may be looked at and stopped at any time, `smallest_effect` being about the smallest difference
 * of interest (of the rate or mean itself) for each metric.
 */
export interface Experiment {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** The events that show somebody a variant. */
  exposure: Events;
  /** A field, such as `properties.plan`. */
  variant: string;
  /** The variant that the others are compared with. */
  control: string;
  /** What is compared; the first one decides. */
  metrics: Metric[];
  /** The planned part of each variant; equal parts without. */
  split?: Share[];
  /** How long after the first exposure events count; null until `until`. */
  window?: number | null;
  /** What the window is counted in. */
  window_unit?: "day" | "hour" | "minute" | "second" | "week";
  /** One look when the people planned are there, or any number of looks. */
  method?: "fixed" | "sequential";
  /** People that each variant needs before the fixed method tells a verdict. */
  people_planned?: number | null;
  /** For the sequential method, the smallest difference of interest for each metric. */
  smallest_effect?: number[];
  /** Level of the intervals; p below 1 - it counts. */
  level?: number;
  /** Chance to see a difference that is there. */
  power?: number;
}

/** The comparison; `mixed` people saw more than one variant and are in none. */
export interface ExperimentResult {
  /** The control first. */
  variants: VariantPeople[];
  /** People who saw more than one variant; they are in none. */
  mixed: number;
  /** The split against the planned one. */
  split: SplitCheck;
  /** In the order asked for. */
  metrics: MetricResult[];
  /** Whether there are fewer people than planned. */
  is_waiting: boolean;
  /** When exposures stop counting. */
  until: string;
  /** What exactly was counted, in a sentence or two. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** A query as far as it is written. */
export interface Explain {
  /** The query as far as it is written. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
}

/**
 * What a query asks for: as text with all its parentheses, and in words.
 *
 * Both are empty where it is not valid.
 */
export interface Explained {
  /** Whether it can be asked. */
  valid: boolean;
  /** The same query with all its parentheses. */
  text: string;
  /** What it asks for in words. */
  words: string;
  /** What the asker should know of how the question was read. */
  notes: string[];
  /** The fields that it names. */
  fields: ExplainedField[];
  /** Why it is not valid; null where it is. */
  error: QueryProblem | null;
}

/** A field that a query names; `kind` says what it holds, `value` where that may be anything. */
export interface ExplainedField {
  /** As the query names it. */
  name: string;
  /** What it holds; `value` where that may be anything. */
  kind: "boolean" | "object" | "pattern" | "text" | "time" | "unknown" | "value";
}

/**
 * An event's name (that of a page or screen is its type) with what happened in the time.
 *
 * `trend` is its number in each of the answer's intervals.
 */
export interface ExploredEvent {
  /** The name of a track event. */
  event: string;
  /** Which type it is. */
  type: "track" | "identify" | "page" | "screen" | "group" | "alias";
  /** How many. */
  events: number;
  /** By how many people. */
  people: number;
  /** The first one in the time asked for. */
  first_seen_at: string;
  /** The last one in the time asked for. */
  last_seen_at: string;
  /** How many in each interval. */
  trend: number[];
}

/** The events, the commonest first; `starts` are the intervals of the trends. */
export interface ExploredEvents {
  /** How many. */
  events: ExploredEvent[];
  /** How many different events there are. */
  total: number;
  /** How long the intervals are. */
  interval: "day" | "month";
  /** When the intervals start. */
  starts: string[];
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** The properties of the newest `sampled` events, the commonest first. */
export interface ExploredProperties {
  /** What the SDK says of the event. */
  properties: ExploredProperty[];
  /** How many events were looked at. */
  sampled: number;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/**
 * A property or trait: `share` of the sampled events have it. `min` and `max` are of numbers.
 *
 * `distinct` stops counting at a thousand.
 */
export interface ExploredProperty {
  /** What people call it. */
  name: string;
  /** Of the sampled events, how many have it (0 to 1). */
  share: number;
  /** Which kinds of values there are. */
  types: PropertyType[];
  /** The commonest values. */
  values: PropertyValue[];
  /** How many different values there are, about. */
  distinct: number;
  /** The smallest number. */
  min: number | null;
  /** The largest number. */
  max: number | null;
}

/** An attempt that failed; counted from the first one, over all replays. */
export interface FailedAttempt {
  /** Counts the attempts, over all replays. */
  number: number;
  /** When. */
  at: string;
  /** Why, in a word. */
  reason: string;
  /** The HTTP status of the answer; 0 for none. */
  status: number;
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

/**
 * What happens to the events that a filter text matches.
 *
 * The text is in the filter language (`fql`) or in that of the search bar (`lucene`).
 */
export interface FilterDraft {
  /** Which events, in the full filter language. */
  if: string;
  /** What is done with the events that match, in an order of its own. */
  actions: FilterAction[];
  /** What people call it. */
  title?: string;
  /** Whether it is in use. */
  enabled?: boolean;
  /** The filter language, or that of the search bar; `fql` when left out. */
  language?: "fql" | "lucene";
}

/** A destination in trouble. */
export interface FiringShown {
  /** The slug of the destination. */
  destination: string;
  /** Since when. */
  since: string;
  /** What is wrong. */
  reason: string;
}

/**
 * Ask how many did one step after the other, the first between since and until.
 *
 * The last step is at most `window` of the unit after the first. `order`: `ordered`, anything may
 * come in between; `strict`, nothing may; `any`, the steps in whichever order. An event of the
 * `exclusions` takes who did it out of the whole `funnel`, or ends the `attempt` alone. `constant`
 * is a field that has one value on all steps. `first_time` lets only somebody's first ever event
 * of step 1 begin. `by` breaks down by the value of a field: of the `first_touch` or `last_touch`
 * among all events of the steps, the same on `all_steps`, or that on the `step` of `by_step`.
 * `times` adds how long steps take, `trend` the funnel by when attempts began.
 */
export interface Funnel {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** The steps, in their order. */
  steps: StepEvents[];
  /** Whether other events may come in between, or the steps in any order. */
  order?: "any" | "ordered" | "strict";
  /** How long after the first step the last one may be. */
  window?: number;
  /** What the window is counted in. */
  window_unit?: "day" | "hour" | "minute" | "second" | "week";
  /** Events that may not come between steps. */
  exclusions?: Exclusion[];
  /** What an exclusion takes somebody out of. */
  excluded_from?: "attempt" | "funnel";
  constant?: string | null;
  /** Whether only somebody's first ever event of step 1 begins. */
  first_time?: boolean;
  by?: string | null;
  /** Which event's value somebody is counted under. */
  attribution?: "all_steps" | "first_touch" | "last_touch" | "step";
  /** A step, from 1. */
  by_step?: number;
  /** How many values are told apart; the rest is `Other`. */
  values_max?: number;
  /** Whether to tell how long steps take. */
  times?: boolean;
  trend?: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year" | null;
}

/** People who took at least `from_s` and less than `until_s`; the last one has its end too. */
export interface FunnelBin {
  /** Seconds, included. */
  from_s: number;
  /** Seconds, not included but for the last bin. */
  until_s: number;
  /** Who took so long. */
  people: number;
}

/** Ask for the people who reached `reached`, or who with `dropped` went no further than it. */
export interface FunnelPeople {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** The steps, in their order. */
  steps: StepEvents[];
  /** Whether other events may come in between, or the steps in any order. */
  order?: "any" | "ordered" | "strict";
  /** How long after the first step the last one may be. */
  window?: number;
  /** What the window is counted in. */
  window_unit?: "day" | "hour" | "minute" | "second" | "week";
  /** Events that may not come between steps. */
  exclusions?: Exclusion[];
  /** What an exclusion takes somebody out of. */
  excluded_from?: "attempt" | "funnel";
  constant?: string | null;
  /** Whether only somebody's first ever event of step 1 begins. */
  first_time?: boolean;
  by?: string | null;
  /** Which event's value somebody is counted under. */
  attribution?: "all_steps" | "first_touch" | "last_touch" | "step";
  /** A step, from 1. */
  by_step?: number;
  /** How many values are told apart; the rest is `Other`. */
  values_max?: number;
  /** Whether to tell how long steps take. */
  times?: boolean;
  trend?: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year" | null;
  /** A step, from 1. */
  reached?: number;
  /** Whether only those who went no further. */
  dropped?: boolean;
  /** Only those with this value, as the answer names it. */
  value?: string | null;
  /** Most people in the answer. */
  limit?: number;
}

/** People by step of attempts that began from `at` on; not final while windows are open. */
export interface FunnelPeriod {
  /** When the interval starts. */
  at: string;
  /** Who reached each step, of those whose attempt began in it. */
  people: number[];
  /** Share of those who began that did all steps; null of nobody. */
  conversion: number | null;
  /** Whether no attempt's window is open any more. */
  is_complete: boolean;
}

/** The funnel, and what else was asked for; `excluded` people are in none of its steps. */
export interface FunnelResult {
  /** In order; in any order, the first is any one step. */
  steps: FunnelStep[];
  /** Who is in no step because of an exclusion. */
  excluded: number;
  /** The funnel by the values of `by`, the most people first. */
  values?: FunnelValue[];
  /** From each step to the next, and from the first to the last. */
  times?: FunnelTime[];
  /** By when attempts began, empty intervals too. */
  trend?: FunnelPeriod[];
  /** What exactly was counted, in a sentence or two. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** So many people reached a step; shares are of the first and of the previous step's. */
export interface FunnelStep {
  /** What the step is called. */
  label: string;
  /** Who came this far. */
  people: number;
  /** Who went no further. */
  dropped: number;
  /** Share of those of the first step (0 to 1); null of nobody. */
  of_first: number | null;
  /** Share of those of the step before (0 to 1); null of nobody. */
  of_previous: number | null;
}

/** How long those who reached `to_step` took from `from_step` to it. */
export interface FunnelTime {
  /** The step that it is counted from. */
  from_step: number;
  /** The step that it is counted to. */
  to_step: number;
  /** Who reached the later step. */
  people: number;
  /** Median seconds; null of nobody. */
  median_s: number | null;
  /** Mean seconds; null of nobody. */
  mean_s: number | null;
  /** A histogram, at most 60 bins of equal width. */
  bins: FunnelBin[];
}

/** The funnel of those with a value. */
export interface FunnelValue {
  /** As text; `(none)` where there is none, `Other` for the rest. */
  value: string;
  /** The funnel of those with the value. */
  steps: FunnelStep[];
}

/** Ask how many events happened when, in all and by the commonest values of a field. */
export interface Histogram {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
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

/** How many events are tried now that waited for their time. */
export interface Hurried {
  /** How many are tried now that would have waited. */
  due: number;
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

/**
 * An id that somebody is known by, and the events that have it.
 *
 * `previous_id` is one that an alias call gave up.
 */
export interface KnownId {
  /** Where events have it. */
  kind: "anonymous_id" | "group_id" | "previous_id" | "user_id";
  /** The id. */
  id: string;
  /** How many. */
  events: number;
  /** The first event that has it. */
  first_seen_at: string;
  /** The last event that has it. */
  last_seen_at: string;
}

/** What is wrong with a text, or easily misread in it. */
export interface LanguageProblem {
  /** Whether it stands in the way. */
  severity: "error" | "warning";
  /** What is wrong. */
  message: string;
  /** How it begins, to tell it from others. */
  hint: string;
  /** Where in the text, in characters from 0; null where nobody knows. */
  position: number | null;
  /** Where in a mapping; empty for the whole, and in other languages. */
  path: string;
}

/** A text, and the language that it should be in. */
export interface LanguageText {
  /** Which language it should be in. */
  language: "filter" | "lucene" | "mapping" | "trigger";
  /** The text; of a mapping its JSON. */
  text: string;
}

/** A function or a directive: how it is written, and what it gives. */
export interface LanguageWord {
  /** Its name. */
  name: string;
  /** How it is written, by example. */
  form: string;
  /** What it gives. */
  about: string;
}

/** What a language is made of; a field that ends with a dot has others below it. */
export interface LanguageWords {
  /** Which language. */
  language: "filter" | "lucene" | "mapping" | "trigger";
  /** Its words. */
  keywords: string[];
  /** What stands between or before values. */
  operators: string[];
  /** Its functions, or a mapping's directives. */
  functions: LanguageWord[];
  /** What it can look at; below a name with a dot at its end are others. */
  fields: string[];
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

/** Ask how an audience renews itself: who does `events` in neighbouring intervals. */
export interface Lifecycle {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** How many. */
  events?: Events;
  /** Calendar interval in the zone; weeks begin on Monday. */
  interval?: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year";
}

/**
 * People of an interval: `new`, `returning` and `resurrecting` ones are all who were there.
 *
 * Those who are `dormant` were there in the interval before and are not in this one.
 */
export interface LifecycleBucket {
  /** When. */
  at: string;
  /** Whether every place was counted as a whole. */
  is_complete: boolean;
  /** Who never did it before. */
  new: number;
  /** Who did it in the interval before too. */
  returning: number;
  /** Who did it earlier, but not in the interval before. */
  resurrecting: number;
  /** Who did it in the interval before and not in this one. */
  dormant: number;
}

/** Ask who was in a state in the interval from `at` on. */
export interface LifecyclePeople {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** How many. */
  events?: Events;
  /** Calendar interval in the zone; weeks begin on Monday. */
  interval?: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year";
  /** When. */
  at: string;
  /** Whether it is good now. */
  state: "dormant" | "new" | "resurrecting" | "returning";
  /** Most people in the answer. */
  limit?: number;
}

/** Every interval, empty ones too; the first is counted from its beginning on. */
export interface LifecycleResult {
  /** Calendar interval in the zone; weeks begin on Monday. */
  interval: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year";
  /** In order of time, empty ones too. */
  buckets: LifecycleBucket[];
  /** What exactly was counted, in words. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
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

/**
 * What is compared, per person: whether they did it, how often, or the sum of a `property`.
 *
 * `cap` lowers values above that quantile of all people to it, so that a few do not decide.
 */
export interface Metric {
  /** Whether people did it, how often, or the sum of a property. */
  kind?: "conversion" | "count" | "sum";
  /** The events that count. */
  events: Events;
  /** What it is called in the answer. */
  label?: string | null;
  property?: string | null;
  /** Values above this quantile of all people are lowered to it; null leaves them. */
  cap?: number | null;
}

/** A metric; `skipped` events have no number in its property, `cap` is what values stop at. */
export interface MetricResult {
  /** What it is called. */
  label: string;
  /** What was compared. */
  kind: "conversion" | "count" | "sum";
  /** Whether it is the one to decide by. */
  is_primary: boolean;
  /** The metric in each variant. */
  variants: VariantMetric[];
  /** Each variant against the control. */
  comparisons: Comparison[];
  /** Events after the exposure whose property holds no number. */
  skipped: number;
  /** What values are lowered to; null where there is none. */
  cap: number | null;
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

/**
 * Where messages go; its `slug` is the type unless it is given.
 *
 * What is sent as it was read, with stars, stays.
 */
export interface NotifyDraft {
  /** What messages are sent to. */
  type: "slack" | "webhook";
  /** Secret: it is shown without its path. */
  url: string;
  /** What the place is called; its type where it is null. */
  slug?: string | null;
  secret?: string | null;
}

/** Where messages go, with stars in the place of what is secret. */
export interface NotifyState {
  /** What the place is called. */
  slug: string;
  /** What messages are sent to. */
  type: "slack" | "webhook";
  /** Where to, without what is secret. */
  url: string;
  /** `***` where messages are signed. */
  secret: string | null;
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

/** From an item at a step to an item at the next one; `mean_s` is how long that took. */
export interface PathEdge {
  /** The step that it leads from, from 1. */
  step: number;
  /** Where it comes from. */
  item: string;
  /** Where it leads to, at the next step. */
  next: string;
  /** How many transitions, or people. */
  weight: number;
  /** Mean seconds from the one to the other. */
  mean_s: number;
}

/** An item at a step: `weight` were there, `ended` of them went no further in the session. */
export interface PathNode {
  /** The step, from 1. */
  step: number;
  /** The item, as cleaned. */
  item: string;
  /** How many were there. */
  weight: number;
  /** How many went no further in their session. */
  ended: number;
}

/**
 * Ask which way people go: what follows what within a session, step by step.
 *
 * A session ends where nothing happens for more than `gap_minutes`. `items` are the names of
 * `events`, the `pages` and screens seen, or `both`; `only` narrows the events that count.
 * `rules` clean them, one after the other, then those of `leave_out` (with `*` for any text) are
 * left out and repeats with nothing in between are one. Of a session, `steps` items are looked at:
 * from the first `start` on, up to the first `end`, or from the beginning. `weight` counts
 * transitions or different people. Of the edges that weigh at least `weight_min` and at most
 * `weight_max`, the heaviest are told.
 */
export interface Paths {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** What a path is made of. */
  items?: "both" | "events" | "pages";
  /** Which events count as items. */
  only?: Events;
  /** How items are cleaned, one rule after the other. */
  rules?: Rule[];
  /** Items to leave out, `*` for any text. */
  leave_out?: string[];
  /** A longer break than this ends a session. */
  gap_minutes?: number;
  /** Most items of a path. */
  steps?: number;
  start?: string | null;
  end?: string | null;
  /** What an edge's weight counts. */
  weight?: "people" | "transitions";
  /** Lighter edges are not told. */
  weight_min?: number;
  /** Heavier edges are not told. */
  weight_max?: number | null;
  /** Most edges in the answer. */
  edges_max?: number;
}

/** Ask for the people who had `item` at `step`, and `next` after it; `""` is the end. */
export interface PathsPeople {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** What a path is made of. */
  items?: "both" | "events" | "pages";
  /** Which events count as items. */
  only?: Events;
  /** How items are cleaned, one rule after the other. */
  rules?: Rule[];
  /** Items to leave out, `*` for any text. */
  leave_out?: string[];
  /** A longer break than this ends a session. */
  gap_minutes?: number;
  /** Most items of a path. */
  steps?: number;
  start?: string | null;
  end?: string | null;
  /** What an edge's weight counts. */
  weight?: "people" | "transitions";
  /** Lighter edges are not told. */
  weight_min?: number;
  /** Heavier edges are not told. */
  weight_max?: number | null;
  /** Most edges in the answer. */
  edges_max?: number;
  /** A step, from 1. */
  step: number;
  /** An item, as cleaned. */
  item: string;
  /** What came after it; empty for the session's end, null for anything. */
  next?: string | null;
  /** Most people in the answer. */
  limit?: number;
}

/**
 * The heaviest edges and the nodes that they join, in layers: an edge goes to the next step.
 *
 * `sessions` and `people` are those that have a path; `edges_left_out` edges are not told, as they
 * weigh less, or not what was asked for.
 */
export interface PathsResult {
  /** What the edges join, by step. */
  nodes: PathNode[];
  /** The heaviest first. */
  edges: PathEdge[];
  /** Edges that are not told. */
  edges_left_out: number;
  /** Sessions that have a path. */
  sessions: number;
  /** Who has a path. */
  people: number;
  /** What exactly was counted, in a sentence or two. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** Those who were seen last; there may be more. */
export interface PeopleFound {
  /** Those seen last first. */
  people: PersonFound[];
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** People behind a number, at most `limit` of all `total`. */
export interface PeopleResult {
  /** In the order in which they came in. */
  people: Who[];
  /** How many there are in all. */
  total: number;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** A person or group, with what they did in the time asked for. */
export interface PersonFound {
  /** The best id that is known of them. */
  person: string;
  /** Who it was, as the SDK says. */
  user_id: string;
  /** Who it was before they signed in, as the SDK says. */
  anonymous_id: string;
  /** The group of a group call. */
  group_id: string;
  /** The trait `email`. */
  email: string;
  /** The trait `name`. */
  name: string;
  /** How many. */
  events: number;
  /** Their first event in the time asked for. */
  first_seen_at: string;
  /** Their last event in the time asked for. */
  last_seen_at: string;
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
 * `filters`, `subscriptions`, `sources` and `consent_categories` stand in the place of those that
 * the one of the slug has.
 */
export interface PreviewedDestination {
  slug?: string | null;
  type?: string | null;
  /** Which events it does not get, and what is left out of the others. */
  filters?: FilterDraft[];
  /** What the destination does with events, each with its books. */
  subscriptions?: SubscriptionDraft[] | null;
  /** Only these sources; null for all. */
  sources?: string[] | null;
  /** The categories that a person has to agree to. */
  consent_categories?: string[];
}

/** What is wrong with one field of a payload; `field` is a path such as `items[2].sku`. */
export interface PreviewedProblem {
  /** Which field of the payload. */
  field: string;
  /** What is wrong with it. */
  message: string;
}

/**
 * What a subscription would make of the event: a payload, or why there is none.
 *
 * `left_out` are the paths of what the filters take out of the event.
 */
export interface PreviewedSubscription {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** Whether it would be sent. */
  outcome: "filtered" | "rejected" | "sent";
  /** Where it stops; empty where it does not. */
  step: "" | "consent" | "filters" | "integrations" | "mapping" | "sources" | "subscription" | "trigger";
  /** Why it would not be; empty where it would. */
  reason: string;
  /** What is wrong with fields of the payload. */
  problems: PreviewedProblem[];
  /** Paths of what the filters leave out of the event. */
  left_out: string[];
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

/** All that is known of a person or group; lists are bounded, the newest or largest first. */
export interface Profile {
  /** The best id that is known of them. */
  person: string;
  /** All ids that lead here. */
  ids: KnownId[];
  /** How many. */
  events: number;
  /** Their first event. */
  first_seen_at: string;
  /** Their last event. */
  last_seen_at: string;
  /** What they did how often, the commonest first. */
  totals: EventTotal[];
  /** What identify or group calls said last. */
  traits: TraitValue[];
  /** Where events came from, the newest first. */
  devices: DeviceSeen[];
  /** Their last sessions. */
  sessions: Session[];
  /** Of a group: who was seen in it last. */
  members: string[];
  /** The time that the store needed. */
  took_ms: number;
}

/** A kind of value, and the share of the sampled events with one (0 to 1). */
export interface PropertyType {
  /** Which type it is. */
  type: "boolean" | "number" | "text";
  /** Of the sampled events, how many have one (0 to 1). */
  share: number;
}

/** So many sampled events have this value; a long one is cut. */
export interface PropertyValue {
  /** As text. */
  value: string;
  /** How many. */
  events: number;
}

/** Why a text is no query; `expected` is what may stand at the position, where that is known. */
export interface QueryProblem {
  /** What is wrong. */
  message: string;
  /** Where in the query, in characters from 0. */
  position: number | null;
  /** What may stand there, where that is known. */
  expected: string[];
  /** What to do about it. */
  hint: string;
}

/**
 * A question; `rows_in_all` is the engine's estimate for the statement that runs now.
 *
 * All numbers are 0 while it waits for its turn or is between two statements.
 */
export interface QuestionProgress {
  /** What it is named by in paths. */
  id: string;
  /** When it was asked. */
  asked_at: string;
  /** False while it waits for its turn. */
  is_begun: boolean;
  /** Seconds that the statement which runs now has taken. */
  elapsed_s: number;
  /** Rows read so far. */
  rows_read: number;
  /** Rows that it will have read in the end, as the engine estimates. */
  rows_in_all: number;
  /** Memory that it holds now. */
  memory_bytes: number;
}

/** The questions of whoever asks that wait or run, the oldest first. */
export interface QuestionsRunning {
  /** The oldest first. */
  questions: QuestionProgress[];
}

/** Whether requests can be answered, and what says so. */
export interface Readiness {
  /** Whether requests can be answered. */
  ready: boolean;
  /** `ok`, or what fails, by part. */
  checks: Record<string, string>;
}

/**
 * The last deliveries that were kept, the newest first.
 *
 * `sampled` tells that there were more than these; `rate` is the part that is shown.
 */
export interface RecentDeliveries {
  /** Whether there were more deliveries than are shown. */
  sampled: boolean;
  /** The part of all deliveries that is shown. */
  rate: number;
  /** The newest first. */
  deliveries: RecentDelivery[];
}

/** One of the last deliveries. */
export interface RecentDelivery {
  /** When. */
  at: string;
  /** The slug of the subscription. */
  subscription: string;
  /** The event's messageId. */
  message_id: string;
  /** The call that sent it. */
  type: string;
  /** The name of a track event, page or screen. */
  name: string;
  /** The source's slug. */
  source: string;
  /** `delivered`, `dead letter` or `waiting`. */
  outcome: string;
  /** Why, in a word. */
  reason: string;
  /** The HTTP status of the answer; 0 for none. */
  status: number;
  /** How long its request took, in milliseconds. */
  took_ms: number;
  /** How often it was tried. */
  attempts: number;
  /** Whether people have changed it since it was received. */
  edited: boolean;
}

/** How many dead letters are tried again, and whether `more` of those are left. */
export interface Replayed {
  /** How many are tried again. */
  replayed: number;
  /** Whether more of those are left. */
  more: boolean;
  /** The newest that was there; give it to go on where more are left. */
  until_id: number;
}

/** A dead letter is tried again; `edited` tells that it is sent otherwise than it came. */
export interface ReplayedOne {
  /** How many are tried again. */
  replayed: number;
  /** Whether people have changed it since it was received. */
  edited: boolean;
}

/**
 * Ask who came back: people who did `start` between since and until, and `returns` later.
 *
 * `starts` is `first` (only somebody's first start of all time) or `every` (a new start in each
 * period). `offsets` are of the `calendar` of the zone, or `rolling`: counted from each person's
 * own start, in hours, 24 hours, 7 days or 30 days. `returned` in a column means `on` it, `on` it
 * `or_after` it, or in one of the `brackets`, which then are the columns. A share is of the
 * `cohort`, or of those of the `previous` column. The mean of a column is `weighted` by the sizes
 * of the cohorts, or `simple`.
 */
export interface Retention {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** The events that begin it. */
  start?: Events;
  /** The events that are coming back. */
  returns?: Events;
  /** Whether only somebody's first start of all time counts. */
  starts?: "every" | "first";
  /** How long a period is. */
  unit?: "day" | "hour" | "month" | "week";
  /** How many, the period of the start included. */
  columns?: number;
  /** Whether periods are of the calendar, or from each one's own start. */
  offsets?: "calendar" | "rolling";
  /** When somebody who came back is in a column. */
  returned?: "brackets" | "on" | "on_or_after";
  /** The columns, when `returned` is `brackets`. */
  brackets?: Bracket[];
  /** What shares are of. */
  base?: "cohort" | "previous";
  /** How the mean row is made. */
  mean?: "simple" | "weighted";
  by?: string | null;
  /** How many values are told apart; the rest is `Other`. */
  values_max?: number;
}

/** How many came back; none where the time has not begun, and not final until it is over. */
export interface RetentionCell {
  /** How many came back; null before the time begins. */
  people: number | null;
  /** Of the base (0 to 1). */
  share: number | null;
  /** Whether the time of the column is over for the whole cohort. */
  is_finished: boolean;
}

/** Those who started in the period from `at` on. */
export interface RetentionCohort {
  /** When. */
  at: string;
  /** How many started. */
  size: number;
  /** One for each column. */
  cells: RetentionCell[];
}

/** The periods after the start that a column is of; without a `last`, all later ones too. */
export interface RetentionColumn {
  /** The first period that it is of; 0 is that of the start. */
  first: number;
  /** The last one; null for all later ones. */
  last: number | null;
}

/** A column over the cohorts that have finished it: `people` of `base`. */
export interface RetentionMean {
  /** How many cohorts have finished the column. */
  cohorts: number;
  /** How many of them came back. */
  people: number;
  /** What `people` is a share of, over these cohorts. */
  base: number;
  /** As the question says: weighted or simple (0 to 1). */
  share: number | null;
}

/**
 * Ask for the people of a cell: of the cohort that starts `at`, in a column.
 *
 * With `came_back` false, those of the cohort who are not in the column.
 */
export interface RetentionPeople {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** The events that begin it. */
  start?: Events;
  /** The events that are coming back. */
  returns?: Events;
  /** Whether only somebody's first start of all time counts. */
  starts?: "every" | "first";
  /** How long a period is. */
  unit?: "day" | "hour" | "month" | "week";
  /** How many, the period of the start included. */
  columns?: number;
  /** Whether periods are of the calendar, or from each one's own start. */
  offsets?: "calendar" | "rolling";
  /** When somebody who came back is in a column. */
  returned?: "brackets" | "on" | "on_or_after";
  /** The columns, when `returned` is `brackets`. */
  brackets?: Bracket[];
  /** What shares are of. */
  base?: "cohort" | "previous";
  /** How the mean row is made. */
  mean?: "simple" | "weighted";
  by?: string | null;
  /** How many values are told apart; the rest is `Other`. */
  values_max?: number;
  /** When the cohort starts. */
  at: string;
  /** A column, from 0. */
  column: number;
  /** False for those of the cohort who are not in the column. */
  came_back?: boolean;
  /** Only those whose start has this value, as the answer names it. */
  value?: string | null;
  /** Most people in the answer. */
  limit?: number;
}

/** Every cohort, also an empty one, and the mean row. */
export interface RetentionResult {
  /** What the cells are of. */
  columns: RetentionColumn[];
  /** Oldest first. */
  cohorts: RetentionCohort[];
  /** How many started in all; somebody may be in several cohorts. */
  size: number;
  /** One for each column. */
  means: RetentionMean[];
  /** The same by the values of `by`. */
  values?: RetentionValue[];
  /** What exactly was counted, in a sentence or two. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** Those whose start has a value: their number, and the mean of each column. */
export interface RetentionValue {
  /** The value, as text. */
  value: string;
  /** How many started. */
  size: number;
  /** One for each column. */
  means: RetentionMean[];
}

/**
 * How items are cleaned.
 *
 * Those that match the `wildcard` as a whole (`*` is any text) are called by `name`, or else by
 * the wildcard. What the regular expression `regex` (RE2) finds in one becomes `name`, in which
 * `\\1` is what its first parentheses found.
 */
export interface Rule {
  /** A text with `*` for any text; items that are so become the name. */
  wildcard?: string | null;
  /** A regular expression (RE2); what it finds becomes the name. */
  regex?: string | null;
  /** What people call it. */
  name?: string | null;
}

/**
 * Ask how many people an experiment needs.
 *
 * For a rate give `rate`, for a mean `mean` and `deviation`; and the difference to be seen, either
 * `difference` or `lift` (relative). With `people_per_day` the days are told too.
 */
export interface SampleSize {
  /** The rate of the control (0 to 1). */
  rate?: number | null;
  /** The mean of the control. */
  mean?: number | null;
  /** The standard deviation of a person's value. */
  deviation?: number | null;
  /** The difference to be seen. */
  difference?: number | null;
  /** The difference to be seen, relative to the rate or mean. */
  lift?: number | null;
  /** How many variants, the control included. */
  variants?: number;
  /** Level of the intervals; p below 1 - it counts. */
  level?: number;
  /** Chance to see a difference that is there. */
  power?: number;
  /** How many people see a variant each day. */
  people_per_day?: number | null;
}

/** People per variant and in all; `days` are whole weeks. */
export interface SampleSizeResult {
  /** People in each variant. */
  people_per_variant: number;
  /** People in all variants. */
  people: number;
  /** Days for so many people, in whole weeks; null where people per day are not given. */
  days: number | null;
  /** The difference to be seen, absolute. */
  difference: number;
  /** What exactly the number promises. */
  definition: string;
}

/** A query as it was saved; `is_own` is for whoever asks, who may then change it. */
export interface SavedQuery {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name: string;
  /** What it is for. */
  description: string;
  /** How it asks. */
  kind: "insight" | "kql" | "lucene" | "sql";
  /** What is asked: the fields that the question's own endpoint takes. */
  body: JsonObject;
  /** Whether everybody who reads events sees it. */
  is_shared: boolean;
  /** Whether it is yours, and you may change it. */
  is_own: boolean;
  /** Who saved it. */
  created_by: string;
  /** Counts its changes. */
  version: number;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
}

/** What is to change of a saved query; what is left out stays, what is given is whole. */
export interface SavedQueryChange {
  /** What people call it. */
  name?: string;
  /** What it is for. */
  description?: string;
  /** What sends: it decides which code the guide shows. */
  kind?: "insight" | "kql" | "lucene" | "sql";
  /** What is asked, with the fields that the question's own endpoint takes: `query` of lucene and kql, `sql` of sql; `insight` names the endpoint of an insight. */
  body?: JsonObject;
  /** Whether everybody who reads events sees it. */
  is_shared?: boolean;
}

/** A query to be saved; unless it `is_shared`, nobody else sees it. */
export interface SavedQueryDraft {
  /** Its name in paths and files; it never changes. */
  slug: string;
  /** What people call it. */
  name?: string;
  /** What it is for. */
  description?: string;
  /** What sends: it decides which code the guide shows. */
  kind: "insight" | "kql" | "lucene" | "sql";
  /** What is asked, with the fields that the question's own endpoint takes: `query` of lucene and kql, `sql` of sql; `insight` names the endpoint of an insight. */
  body: JsonObject;
  /** Whether everybody who reads events sees it. */
  is_shared?: boolean;
}

/** Ask for events, page by page. */
export interface Search {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
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

/**
 * A session; source, campaign, channel and device are those of its first event.
 *
 * `entry_page` and `exit_page` are of its first and last page view.
 */
export interface Session {
  /** Its first event. */
  started_at: string;
  /** Its last event. */
  ended_at: string;
  /** Seconds from the first to the last event. */
  duration_s: number;
  /** How many. */
  events: number;
  /** How many page views and screens. */
  pages: number;
  /** Its first page view. */
  entry_page: string;
  /** Its last page view. */
  exit_page: string;
  /** The site or campaign that its first event came from. */
  source: string;
  /** How its first event came, such as `cpc` or `email`. */
  medium: string;
  /** The campaign that its first event came from. */
  campaign: string;
  /** The kind of place that its first event came from. */
  channel: string;
  /** Told by the user agent. */
  device: string;
  /** The client's own id, where that parts sessions. */
  session_id: string;
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

/** The sessions that began in the interval from `at` on. */
export interface SessionBucket {
  /** When. */
  at: string;
  /** Whether no session can begin in it any more. */
  is_finished: boolean;
  /** The sums of all rows. */
  totals: SessionTotals;
}

/** Sessions in figures; a mean, a median or a rate of no session is null. */
export interface SessionTotals {
  /** How many sessions. */
  sessions: number;
  /** Who had them, each counted once. */
  people: number;
  /** Mean duration in seconds. */
  duration_s_mean: number | null;
  /** Median duration in seconds. */
  duration_s_median: number | null;
  /** Sessions that ended at once. */
  bounces: number;
  /** The share of sessions that are a bounce (0 to 1). */
  bounce_rate: number | null;
  /** Mean number of page views and screens. */
  pages_per_session: number | null;
  /** Mean number of events. */
  events_per_session: number | null;
}

/** The sessions that have a value. */
export interface SessionValue {
  /** As text; `(none)` where there is none. */
  value: string;
  /** The sums of all rows. */
  totals: SessionTotals;
  /** In order of time, empty ones too. */
  buckets: SessionBucket[];
}

/**
 * Ask about the sessions that begin between since and until.
 *
 * `bounce` is a session of `one_event`, or of at most `one_page`.
 */
export interface Sessions {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** How long a bucket is. */
  interval?: "day" | "hour" | "month" | "week";
  /** A longer break than this begins a new session. */
  gap_minutes?: number;
  session_field?: string | null;
  /** What is a bounce. */
  bounce?: "one_event" | "one_page";
  /** What of a session to tell apart. */
  by?: "campaign" | "channel" | "device" | "entry_page" | "exit_page" | "medium" | "source" | null;
  /** How many values are told apart; the rest is `Other`. */
  values_max?: number;
}

/** Somebody's sessions in the time asked for, the newest first, and how many there are. */
export interface SessionsOf {
  /** Newest first. */
  sessions: Session[];
  /** How many there are in all. */
  total: number;
  /** The time that the store needed. */
  took_ms: number;
}

/** Ask who began a session in the interval that starts `at`, or in all of the time. */
export interface SessionsPeople {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** How long a bucket is. */
  interval?: "day" | "hour" | "month" | "week";
  /** A longer break than this begins a new session. */
  gap_minutes?: number;
  session_field?: string | null;
  /** What is a bounce. */
  bounce?: "one_event" | "one_page";
  /** What of a session to tell apart. */
  by?: "campaign" | "channel" | "device" | "entry_page" | "exit_page" | "medium" | "source" | null;
  /** How many values are told apart; the rest is `Other`. */
  values_max?: number;
  /** When the bucket starts; null for all of the time. */
  at?: string | null;
  /** Only sessions with this value, as the answer names it. */
  value?: string | null;
  /** Most people in the answer. */
  limit?: number;
}

/** Every interval, also an empty one; people of all intervals are counted once in `totals`. */
export interface SessionsResult {
  /** The sums of all rows. */
  totals: SessionTotals;
  /** In order of time, empty ones too. */
  buckets: SessionBucket[];
  /** The same by the values of `by`. */
  values?: SessionValue[];
  /** What exactly was counted, in a sentence or two. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
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

/** Which part of the people a variant was planned to get; parts are relative to each other. */
export interface Share {
  /** The variant. */
  variant: string;
  /** Its part, relative to the others. */
  part: number;
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

/** What is not to be delivered any more: all that was received before a moment. */
export interface Skip {
  /** A time in ISO 8601 with its zone, or `now`. */
  until: string;
}

/** The moment before which nothing is delivered any more. */
export interface Skipping {
  /** What was received before it is not delivered any more. */
  until: string;
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

/**
 * The split against the planned one; with an alarm nothing else of the answer can be trusted.
 *
 * The alarm is at p below 0.001.
 */
export interface SplitCheck {
  /** How far the split is from the planned one. */
  chi_square: number;
  /** The chance of a split so far off. */
  p: number;
  /** Whether p is below 0.001. */
  is_alarm: boolean;
}

/** Ask in SQL; `parameters` fill the placeholders `{name:Type}`. */
export interface Sql {
  /** One SELECT on the views `events`, `users`, `sessions` and `groups`. */
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

/**
 * What a statement would do: `rows_to_read` is the engine's estimate, `steps` its plan.
 *
 * Where it may not run, `reason` says which limit it would reach. It may reach another all the
 * same: of time, memory, or rows of its result.
 */
export interface SqlPlan {
  /** How many rows it would read, by the engine's estimate. */
  rows_to_read: number;
  /** How many rows one question may read. */
  rows_read_max: number;
  /** Whether the estimate is within the limit. */
  may_run: boolean;
  /** Which limit it would reach; empty where it may run. */
  reason: string;
  /** The engine's plan, a line each. */
  steps: string[];
  /** The time that the store needed. */
  took_ms: number;
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

/** A step: these events, or any of the `alternatives`. */
export interface StepEvents {
  /** The name of a track event. */
  event?: string | null;
  /** Which type it is. */
  type?: "alias" | "group" | "identify" | "page" | "screen" | "track" | null;
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  language?: "kql" | "lucene" | null;
  /** Your own words for it. */
  label?: string | null;
  /** Events that fulfil the step as well. */
  alternatives?: Events[];
}

/** Ask in how many intervals people did something: `exactly` so many, or `at_least`. */
export interface Stickiness {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** How many. */
  events?: Events;
  /** Calendar interval in the zone; weeks begin on Monday. */
  interval?: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year";
  /** In exactly so many intervals, or in at least so many. */
  counted?: "at_least" | "exactly";
}

/** So many people did it in so many intervals; `share` is of all who did it at all. */
export interface StickinessBar {
  /** In how many intervals. */
  intervals: number;
  /** How many did it in so many. */
  people: number;
  /** The part of the sampled events that have it, 0 to 1. */
  share: number | null;
}

/** Ask who is behind the bar of so many `intervals`. */
export interface StickinessPeople {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** How many. */
  events?: Events;
  /** Calendar interval in the zone; weeks begin on Monday. */
  interval?: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year";
  /** In exactly so many intervals, or in at least so many. */
  counted?: "at_least" | "exactly";
  /** Which bar. */
  intervals: number;
  /** Most people in the answer. */
  limit?: number;
}

/** A bar for each number of intervals that is possible, empty ones too. */
export interface StickinessResult {
  /** Calendar interval in the zone; weeks begin on Monday. */
  interval: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year";
  /** One per number of intervals, empty ones too. */
  bars: StickinessBar[];
  /** How many did it at all. */
  people: number;
  /** What exactly was counted, in words. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
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

/**
 * One text that may stand there.
 *
 * A field has its `type` and the `share` of events that have it, a value the number of its
 * `events`; `about` says what an operator means.
 */
export interface Suggestion {
  /** What to write in place of the part. */
  text: string;
  /** What to show for it. */
  label: string;
  /** What it is. */
  kind: "field" | "operator" | "value";
  /** What an operator means. */
  about: string;
  /** What kind of values the field has. */
  type: string | null;
  /** The part of the sampled events that have the field, 0 to 1. */
  share: number | null;
  /** How many events have the value; null for the others. */
  events: number | null;
}

/** What to try a destination with: an event of one's own or, without one, the newest stored. */
export interface TestEvent {
  /** The event; without it the newest one that the destination would get. */
  event?: JsonObject;
  /** The slug of a subscription; the first one when it is empty. */
  subscription?: string;
}

/** One page; `cursor` asks for the next one and is null on the last. */
export interface TimelineResult {
  /** Newest first. */
  sessions: TimelineSession[];
  /** Where to go on; null on the last page. */
  cursor: string | null;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** A session, and those of its events that are on the page; a next page may have more. */
export interface TimelineSession {
  /** The session; it may have more events on other pages. */
  session: Session;
  /** Newest first. */
  events: EventOut[];
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

/**
 * What became of the events with one message id, given as it is kept.
 *
 * `deliveries` are what destinations know of it; most forget what they have delivered.
 */
export interface TraceAnswer {
  /** The event's messageId. */
  message_id: string;
  /** What became of it. */
  outcome: string;
  /** What happened to it, in order. */
  steps: Step[];
  /** Where it was looked for. */
  looked_at: string[];
  /** What destinations know of it; most forget what they delivered. */
  deliveries: TracedDelivery[];
}

/** What became of an event at a subscription of a destination. */
export interface TracedDelivery {
  /** The destination's slug. */
  destination: string;
  /** The slug of the subscription. */
  subscription: string;
  /** `delivered`, `dead letter` or `waiting`. */
  outcome: string;
  /** Why, in a word. */
  reason: string;
  /** When. */
  at: string;
}

/** The latest value of a trait, and since when it has been that. */
export interface TraitValue {
  /** The trait. */
  name: string;
  /** Any JSON. */
  value: JsonObject;
  /** Since when it has had this value. */
  set_at: string;
}

/** An interval; it is not complete where the time asked for, or time itself, cuts it. */
export interface TrendBucket {
  /** When. */
  at: string;
  /** Whether every place was counted as a whole. */
  is_complete: boolean;
}

/** The same line earlier; `change` is a share of its total, null where that is 0. */
export interface TrendCompared {
  /** As the line's, by the number of the interval. */
  points: (number | null)[];
  /** How many match in all. */
  total: number | null;
  /** By what part the line's total is greater; null where this one is 0. */
  change: number | null;
}

/**
 * One line: a series or a formula, of all events or of those with `values`.
 *
 * `points` has one number per interval, null where there is none; `total` is the same measured
 * over the whole time.
 */
export interface TrendLine {
  /** Which series; a formula has none. */
  letter?: string;
  /** Which formula; a series has none. */
  formula?: string;
  /** What people call it. */
  name: string;
  /** The commonest values. */
  values?: string[];
  /** One number per interval; null where there is none. */
  points: (number | null)[];
  /** How many match in all. */
  total: number | null;
  /** The same line of the time that it is compared with. */
  compared?: TrendCompared;
}

/**
 * Ask who is behind one point: of the series with the `letter`, in the interval from `at` on.
 *
 * `values` are those of the line, where the question has a breakdown.
 */
export interface TrendPeople {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** What is measured; the first is A, the next one B. */
  series: TrendSeries[];
  /** Calendar interval in the zone; weeks begin on Monday. */
  interval?: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year";
  /** A field: count by its commonest values too. */
  by?: string[];
  /** How many values are told apart; the rest is `Other`. */
  values_max?: number;
  /** Cut the numbers of the one field into so many ranges. */
  bins?: number | null;
  /** Calculations with the letters of the series, such as `B / A * 100`. */
  formulas?: string[];
  /** An earlier time to compare with; `previous` is as long and just before. */
  compare?: "month" | "previous" | "week" | "year" | null;
  /** Over how many intervals the trailing mean goes; 1 for none. */
  smoothing?: number;
  /** Whether to count from the start of the time on. */
  cumulative?: boolean;
  /** Which series. */
  letter?: string;
  /** When. */
  at: string;
  /** The commonest values. */
  values?: string[];
  /** Most people in the answer. */
  limit?: number;
}

/**
 * Some events and what is measured of them; the first series is A, the next one B.
 *
 * `first_time` leaves only each actor's first such event of all time.
 */
export interface TrendSeries {
  /** The name of a track event. */
  event?: string | null;
  /** Which type it is. */
  type?: "alias" | "group" | "identify" | "page" | "screen" | "track" | null;
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  language?: "kql" | "lucene" | null;
  /** Your own words for it. */
  label?: string | null;
  /** What is counted of the events: `total` them, `unique` who did them (so many in the `weekly_active` 7 or `monthly_active` 30 days that end with the interval), `distinct` values of the property, or a number calculated from the property. */
  measure?: "avg" | "distinct" | "max" | "median" | "min" | "monthly_active" | "p90" | "p95" | "p99" | "sum" | "total" | "unique" | "weekly_active";
  property?: string | null;
  per_actor?: "avg" | "max" | "median" | "min" | "p90" | "p95" | "p99" | null;
  /** Count only each actor's first such event of all time. */
  first_time?: boolean;
}

/**
 * Ask how something develops.
 *
 * `by` breaks every series down by the values of one or several fields: the `values_max` ones with
 * the most of series A over the whole time, `Other` for the rest. With `bins` the one field is a
 * number and cut into so many ranges. `formulas` calculate with the letters of the series.
 * `compare` repeats the question for the time before, or the same dates a week, month or year
 * earlier. `smoothing` is over how many intervals the trailing mean goes. `cumulative` counts from
 * the start of the time on.
 */
export interface Trends {
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
  /** First instant: a duration before now (24h), ISO 8601 or date math. */
  since?: string;
  /** Instant after the last, in the same forms. */
  until?: string;
  /** IANA time zone that days, weeks and months are of. */
  zone?: string;
  /** Who counts as one: a person (a user with the anonymous visits before they were known), a group (account), or a device (anonymous id). */
  actor?: "device" | "group" | "person";
  /** What is measured; the first is A, the next one B. */
  series: TrendSeries[];
  /** Calendar interval in the zone; weeks begin on Monday. */
  interval?: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year";
  /** A field: count by its commonest values too. */
  by?: string[];
  /** How many values are told apart; the rest is `Other`. */
  values_max?: number;
  /** Cut the numbers of the one field into so many ranges. */
  bins?: number | null;
  /** Calculations with the letters of the series, such as `B / A * 100`. */
  formulas?: string[];
  /** An earlier time to compare with; `previous` is as long and just before. */
  compare?: "month" | "previous" | "week" | "year" | null;
  /** Over how many intervals the trailing mean goes; 1 for none. */
  smoothing?: number;
  /** Whether to count from the start of the time on. */
  cumulative?: boolean;
}

/** Every interval, empty ones too, and the lines. */
export interface TrendsResult {
  /** Calendar interval in the zone; weeks begin on Monday. */
  interval: "day" | "hour" | "minute" | "month" | "quarter" | "week" | "year";
  /** In order of time, empty ones too. */
  buckets: TrendBucket[];
  /** The intervals that it is compared with. */
  compared_buckets?: TrendBucket[];
  /** Each series, then each formula, by the values of the breakdown. */
  lines: TrendLine[];
  /** What exactly was counted, in words. */
  definition: string;
  /** The time that the store needed. */
  took_ms: number;
  /** What the asker should know of how the question was read. */
  notes: string[];
}

/** What became of a test event; `request` is null where none was made. */
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

/**
 * A request as it was sent, secrets as `***`; a long body is cut.
 *
 * Method and address are "" for a tool that is not reached by HTTP.
 */
export interface TriedRequest {
  /** The method. */
  method: string;
  /** The address; secrets are `***`. */
  url: string;
  /** The headers; secrets are `***`. */
  headers: Record<string, string>;
  /** The body as text; a long one is cut. */
  body: string;
  /** How long the whole body is. */
  body_bytes: number;
}

/** An answer as it came, secrets as `***`; a long body is cut. The status is 0 without HTTP. */
export interface TriedResponse {
  /** The HTTP status. */
  status: number;
  /** The headers; secrets are `***`. */
  headers: Record<string, string>;
  /** The body as text; a long one is cut. */
  body: string;
  /** How long the whole body is. */
  body_bytes: number;
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
  /** Query text in the language asked in (Lucene); blank asks for everything. */
  query?: string;
  /** Language of the query text: lucene (default) or kql. */
  language?: "kql" | "lucene";
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

/** A metric in one variant: `mean` per person, which for a conversion is the rate. */
export interface VariantMetric {
  /** The variant. */
  variant: string;
  /** Who is in the variant. */
  people: number;
  /** The sum over all people. */
  total: number;
  /** Per person; of a conversion the share of people. */
  mean: number;
  /** The standard deviation of a person's value. */
  deviation: number;
}

/** How many people are in a variant, and how many the planned split gives it. */
export interface VariantPeople {
  /** The variant. */
  variant: string;
  /** Who is in the variant. */
  people: number;
  /** How many the planned split gives it. */
  planned: number;
}

/** Which of what waits out of line: that of some ids, or all. */
export interface WaitingChoice {
  /** Of these ids, and what goes before them of the same people. */
  ids?: number[];
  /** All of it. */
  all?: boolean;
}

/**
 * An event that waits out of line; while it is not `is_first`, one of its person goes before.
 *
 * It is tried again at `next_at`, or once nothing goes before it any more.
 */
export interface WaitingEvent {
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
  /** Whether people have changed it since it was received. */
  edited: boolean;
  /** When it is tried again, once nothing goes before it. */
  next_at: string;
  /** Whether nothing of the same person goes before it. */
  is_first: boolean;
}

/** An event that waits out of line as in the list, and all that is known of it. */
export interface WaitingShown {
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
  /** Whether people have changed it since it was received. */
  edited: boolean;
  /** The event as the destination would have got it. */
  event: JsonObject;
  /** Its first and its last attempts. */
  tried: FailedAttempt[];
  /** What was sent; null where it was not sent over HTTP. */
  request: TriedRequest | null;
  /** What came back; null where nothing did. */
  response: TriedResponse | null;
  /** How many events that request had. */
  request_events: number;
  /** What would be sent; null for nothing. */
  payload: JsonObject | null;
  /** Why there is no payload; empty where there is one. */
  payload_problem: string;
  /** When it is tried again, once nothing goes before it. */
  next_at: string;
  /** Whether nothing of the same person goes before it. */
  is_first: boolean;
}

/** Somebody who was counted; `person` is the best id that is known of them. */
export interface Who {
  /** The best id that is known of them. */
  person: string;
  /** Who it was, as the SDK says. */
  user_id: string;
  /** Who it was before they signed in, as the SDK says. */
  anonymous_id: string;
  /** When they came in. */
  at: string;
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
  /** Aggregate events. */
  "POST /aggregate": {
    path: null;
    query: null;
    body: Aggregate;
    answer: AggregateResult;
  };
  /** Ask for a funnel. */
  "POST /insights/funnel": {
    path: null;
    query: null;
    body: Funnel;
    answer: FunnelResult;
  };
  /** Show the people behind a funnel's bar. */
  "POST /insights/funnel/people": {
    path: null;
    query: null;
    body: FunnelPeople;
    answer: PeopleResult;
  };
  /** Ask for paths. */
  "POST /insights/paths": {
    path: null;
    query: null;
    body: Paths;
    answer: PathsResult;
  };
  /** Show the people behind a path. */
  "POST /insights/paths/people": {
    path: null;
    query: null;
    body: PathsPeople;
    answer: PeopleResult;
  };
  /** Compare variants. */
  "POST /insights/experiment": {
    path: null;
    query: null;
    body: Experiment;
    answer: ExperimentResult;
  };
  /** Plan an experiment's size. */
  "POST /insights/sample-size": {
    path: null;
    query: null;
    body: SampleSize;
    answer: SampleSizeResult;
  };
  /** List fields. */
  "GET /fields": {
    path: null;
    query: { since?: string; until?: string };
    body: null;
    answer: Fields;
  };
  /** Explain a query. */
  "POST /query/explain": {
    path: null;
    query: null;
    body: Explain;
    answer: Explained;
  };
  /** Complete a query. */
  "POST /query/complete": {
    path: null;
    query: null;
    body: Complete;
    answer: Completed;
  };
  /** Ask in SQL. */
  "POST /sql": {
    path: null;
    query: null;
    body: Sql;
    answer: SqlResult;
  };
  /** Download rows of SQL. */
  "POST /sql/csv": {
    path: null;
    query: null;
    body: Sql;
    answer: string;
  };
  /** Explain SQL. */
  "POST /sql/explain": {
    path: null;
    query: null;
    body: Sql;
    answer: SqlPlan;
  };
  /** List running questions. */
  "GET /questions": {
    path: null;
    query: null;
    body: null;
    answer: QuestionsRunning;
  };
  /** Stop a question. */
  "DELETE /questions/{question_id}": {
    path: { question_id: string };
    query: null;
    body: null;
    answer: null;
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
  /** Ask how something develops. */
  "POST /insights/trends": {
    path: null;
    query: null;
    body: Trends;
    answer: TrendsResult;
  };
  /** List people behind a point. */
  "POST /insights/trends/people": {
    path: null;
    query: null;
    body: TrendPeople;
    answer: PeopleResult;
  };
  /** Ask on how many days people come. */
  "POST /insights/stickiness": {
    path: null;
    query: null;
    body: Stickiness;
    answer: StickinessResult;
  };
  /** List people of a stickiness bar. */
  "POST /insights/stickiness/people": {
    path: null;
    query: null;
    body: StickinessPeople;
    answer: PeopleResult;
  };
  /** Ask what part of a month's people come on a day. */
  "POST /insights/active-ratio": {
    path: null;
    query: null;
    body: ActiveRatio;
    answer: ActiveRatioResult;
  };
  /** Ask who is new, returns, is back or stays away. */
  "POST /insights/lifecycle": {
    path: null;
    query: null;
    body: Lifecycle;
    answer: LifecycleResult;
  };
  /** List people in a lifecycle state. */
  "POST /insights/lifecycle/people": {
    path: null;
    query: null;
    body: LifecyclePeople;
    answer: PeopleResult;
  };
  /** Ask who came back. */
  "POST /insights/retention": {
    path: null;
    query: null;
    body: Retention;
    answer: RetentionResult;
  };
  /** List people of a retention cell. */
  "POST /insights/retention/people": {
    path: null;
    query: null;
    body: RetentionPeople;
    answer: PeopleResult;
  };
  /** Ask about sessions. */
  "POST /insights/sessions": {
    path: null;
    query: null;
    body: Sessions;
    answer: SessionsResult;
  };
  /** List people with sessions. */
  "POST /insights/sessions/people": {
    path: null;
    query: null;
    body: SessionsPeople;
    answer: PeopleResult;
  };
  /** Ask what conversions are owed to. */
  "POST /insights/attribution": {
    path: null;
    query: null;
    body: Attribution;
    answer: AttributionResult;
  };
  /** List people who converted. */
  "POST /insights/attribution/people": {
    path: null;
    query: null;
    body: AttributionPeople;
    answer: PeopleResult;
  };
  /** Search users. */
  "GET /users": {
    path: null;
    query: { search?: string; matching?: string; since?: string; until?: string; limit?: number };
    body: null;
    answer: PeopleFound;
  };
  /** Show a user. */
  "GET /users/{user_id}": {
    path: { user_id: string };
    query: null;
    body: null;
    answer: Profile;
  };
  /** List a user's events. */
  "GET /users/{user_id}/events": {
    path: { user_id: string };
    query: { matching?: string; since?: string; until?: string; limit?: number; cursor?: string };
    body: null;
    answer: TimelineResult;
  };
  /** List a user's sessions. */
  "GET /users/{user_id}/sessions": {
    path: { user_id: string };
    query: { since?: string; until?: string; limit?: number };
    body: null;
    answer: SessionsOf;
  };
  /** Show a user by parameter. */
  "GET /user": {
    path: null;
    query: { user_id: string };
    body: null;
    answer: Profile;
  };
  /** List a user's events by parameter. */
  "GET /user/events": {
    path: null;
    query: { user_id: string; matching?: string; since?: string; until?: string; limit?: number; cursor?: string };
    body: null;
    answer: TimelineResult;
  };
  /** List a user's sessions by parameter. */
  "GET /user/sessions": {
    path: null;
    query: { user_id: string; since?: string; until?: string; limit?: number };
    body: null;
    answer: SessionsOf;
  };
  /** Search groups. */
  "GET /groups": {
    path: null;
    query: { search?: string; matching?: string; since?: string; until?: string; limit?: number };
    body: null;
    answer: PeopleFound;
  };
  /** Show a group. */
  "GET /groups/{group_id}": {
    path: { group_id: string };
    query: null;
    body: null;
    answer: Profile;
  };
  /** List a group's events. */
  "GET /groups/{group_id}/events": {
    path: { group_id: string };
    query: { matching?: string; since?: string; until?: string; limit?: number; cursor?: string };
    body: null;
    answer: TimelineResult;
  };
  /** Show a group by parameter. */
  "GET /group": {
    path: null;
    query: { group_id: string };
    body: null;
    answer: Profile;
  };
  /** List a group's events by parameter. */
  "GET /group/events": {
    path: null;
    query: { group_id: string; matching?: string; since?: string; until?: string; limit?: number; cursor?: string };
    body: null;
    answer: TimelineResult;
  };
  /** List event names. */
  "GET /explore/events": {
    path: null;
    query: { search?: string; matching?: string; since?: string; until?: string; zone?: string; limit?: number };
    body: null;
    answer: ExploredEvents;
  };
  /** List an event's properties. */
  "GET /explore/events/{event}/properties": {
    path: { event: string };
    query: { type?: "track" | "identify" | "page" | "screen" | "group" | "alias"; matching?: string; since?: string; until?: string };
    body: null;
    answer: ExploredProperties;
  };
  /** List an event's properties by parameter. */
  "GET /explore/properties": {
    path: null;
    query: { event: string; type?: "track" | "identify" | "page" | "screen" | "group" | "alias"; matching?: string; since?: string; until?: string };
    body: null;
    answer: ExploredProperties;
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
    query: { source?: string; type?: string; text?: string; q?: string; language?: "lucene" | "kql" };
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
  /** List languages. */
  "GET /languages": {
    path: null;
    query: null;
    body: null;
    answer: LanguageWords[];
  };
  /** Check text. */
  "POST /languages/check": {
    path: null;
    query: null;
    body: LanguageText;
    answer: CheckedText;
  };
  /** Dry run destination. */
  "POST /destinations/dry-run": {
    path: null;
    query: null;
    body: DestinationDryRun;
    answer: DryRun;
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
  /** List delivery alerts. */
  "GET /delivery-alerts": {
    path: null;
    query: { limit?: number; cursor?: string };
    body: null;
    answer: DeliveryAlertState[];
  };
  /** Create delivery alert. */
  "POST /delivery-alerts": {
    path: null;
    query: null;
    body: DeliveryAlertDraft;
    answer: DeliveryAlertState;
  };
  /** Show delivery alert. */
  "GET /delivery-alerts/{slug}": {
    path: { slug: string };
    query: null;
    body: null;
    answer: DeliveryAlertState;
  };
  /** Change delivery alert. */
  "PATCH /delivery-alerts/{slug}": {
    path: { slug: string };
    query: null;
    body: DeliveryAlertChange;
    answer: DeliveryAlertState;
  };
  /** Delete delivery alert. */
  "DELETE /delivery-alerts/{slug}": {
    path: { slug: string };
    query: null;
    body: null;
    answer: null;
  };
  /** Test delivery alert. */
  "POST /delivery-alerts/{slug}/test": {
    path: { slug: string };
    query: null;
    body: null;
    answer: AlertTested[];
  };
  /** List deliveries. */
  "GET /deliveries": {
    path: null;
    query: { text?: string; limit?: number; cursor?: string };
    body: null;
    answer: DestinationSummary[];
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
    query: { reason?: string; subscription?: string; text?: string; status?: number; source?: string; type?: string; name?: string; since?: string; until?: string; limit?: number; cursor?: string };
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
  /** Replay one dead letter. */
  "POST /destinations/{slug}/dead-letters/{letter_id}/replay": {
    path: { slug: string; letter_id: number };
    query: null;
    body: EventToReplay;
    answer: ReplayedOne;
  };
  /** Search waiting. */
  "GET /destinations/{slug}/waiting": {
    path: { slug: string };
    query: { reason?: string; subscription?: string; text?: string; status?: number; source?: string; type?: string; name?: string; since?: string; until?: string; limit?: number; cursor?: string };
    body: null;
    answer: WaitingEvent[];
  };
  /** Show one waiting. */
  "GET /destinations/{slug}/waiting/{waiting_id}": {
    path: { slug: string; waiting_id: number };
    query: null;
    body: null;
    answer: WaitingShown;
  };
  /** Retry waiting now. */
  "POST /destinations/{slug}/waiting/retry-now": {
    path: { slug: string };
    query: null;
    body: WaitingChoice;
    answer: Hurried;
  };
  /** Show recent deliveries. */
  "GET /destinations/{slug}/recent": {
    path: { slug: string };
    query: { outcome?: string; limit?: number };
    body: null;
    answer: RecentDeliveries;
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
  /** Skip events. */
  "POST /destinations/{slug}/skip": {
    path: { slug: string };
    query: null;
    body: Skip;
    answer: Skipping;
  };
  /** Drain destination. */
  "POST /destinations/{slug}/drain": {
    path: { slug: string };
    query: null;
    body: null;
    answer: null;
  };
  /** Resume destination. */
  "POST /destinations/{slug}/resume": {
    path: { slug: string };
    query: null;
    body: null;
    answer: null;
  };
  /** Preview backfill. */
  "POST /destinations/{slug}/backfills/preview": {
    path: { slug: string };
    query: null;
    body: BackfillDraft;
    answer: BackfillPreview;
  };
  /** List backfills. */
  "GET /destinations/{slug}/backfills": {
    path: { slug: string };
    query: { limit?: number; cursor?: string };
    body: null;
    answer: BackfillState[];
  };
  /** Start backfill. */
  "POST /destinations/{slug}/backfills": {
    path: { slug: string };
    query: null;
    body: BackfillDraft;
    answer: BackfillState;
  };
  /** Show backfill. */
  "GET /destinations/{slug}/backfills/{backfill_id}": {
    path: { slug: string; backfill_id: number };
    query: null;
    body: null;
    answer: BackfillState;
  };
  /** Pause backfill. */
  "POST /destinations/{slug}/backfills/{backfill_id}/pause": {
    path: { slug: string; backfill_id: number };
    query: null;
    body: null;
    answer: BackfillState;
  };
  /** Resume backfill. */
  "POST /destinations/{slug}/backfills/{backfill_id}/resume": {
    path: { slug: string; backfill_id: number };
    query: null;
    body: null;
    answer: BackfillState;
  };
  /** Cancel backfill. */
  "POST /destinations/{slug}/backfills/{backfill_id}/cancel": {
    path: { slug: string; backfill_id: number };
    query: null;
    body: null;
    answer: BackfillState;
  };
  /** Search backfill dead letters. */
  "GET /destinations/{slug}/backfills/{backfill_id}/dead-letters": {
    path: { slug: string; backfill_id: number };
    query: { reason?: string; subscription?: string; text?: string; status?: number; source?: string; type?: string; name?: string; since?: string; until?: string; limit?: number; cursor?: string };
    body: null;
    answer: DeadLetterState[];
  };
  /** Show backfill dead letter. */
  "GET /destinations/{slug}/backfills/{backfill_id}/dead-letters/{letter_id}": {
    path: { slug: string; backfill_id: number; letter_id: number };
    query: null;
    body: null;
    answer: DeadLetterShown;
  };
  /** Replay backfill dead letters. */
  "POST /destinations/{slug}/backfills/{backfill_id}/dead-letters/replay": {
    path: { slug: string; backfill_id: number };
    query: null;
    body: DeadLetterChoice;
    answer: BackfillReplayed;
  };
  /** Discard backfill dead letters. */
  "POST /destinations/{slug}/backfills/{backfill_id}/dead-letters/discard": {
    path: { slug: string; backfill_id: number };
    query: null;
    body: DeadLetterChoice;
    answer: BackfillDiscarded;
  };
  /** List saved queries. */
  "GET /saved-queries": {
    path: null;
    query: { limit?: number; cursor?: string; kind?: "lucene" | "kql" | "sql" | "insight" };
    body: null;
    answer: SavedQuery[];
  };
  /** Create saved query. */
  "POST /saved-queries": {
    path: null;
    query: null;
    body: SavedQueryDraft;
    answer: SavedQuery;
  };
  /** Show saved query. */
  "GET /saved-queries/{slug}": {
    path: { slug: string };
    query: null;
    body: null;
    answer: SavedQuery;
  };
  /** Change saved query. */
  "PATCH /saved-queries/{slug}": {
    path: { slug: string };
    query: null;
    body: SavedQueryChange;
    answer: SavedQuery;
  };
  /** Delete saved query. */
  "DELETE /saved-queries/{slug}": {
    path: { slug: string };
    query: null;
    body: null;
    answer: null;
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
