/** The shapes of the API by the names that the pages use; ./schema.ts is made from its description. */

import type {
  Calls,
  EventOut,
  MemberState,
  SetAside,
  SourceAnswer,
  SourceChange,
  Whoami,
} from "./schema";

export type {
  Acceptance,
  ActionField,
  ActionShown as ActionDetails,
  AlertConditions,
  AlertStanding,
  AlertTested,
  AuditEntry,
  BackfillDraft,
  BackfillPreview,
  BackfillState as Backfill,
  CheckAnswer,
  CheckedThing,
  DeadLetterChoice,
  DeadLetterShown as DeadLetterWithEvent,
  DeadLetterState as DeadLetter,
  DeliveryPace,
  DeliveryAlertChange as AlertChange,
  DeliveryAlertDraft as AlertDraft,
  DeliveryAlertState as Alert,
  DeliveryReason,
  DeliveryStatus as Delivery,
  DestinationChange,
  DestinationCheck,
  DestinationDraft,
  DestinationPreview,
  DestinationState as Destination,
  DestinationSummary,
  DestinationType,
  DestinationTypeDetails,
  DestinationVersion,
  DryRun,
  EventAnswer,
  EventOut as TrackedEvent,
  FailedAttempt,
  FieldInfo,
  Fields as FieldsAnswer,
  FilterAction,
  FilterDraft,
  HistogramResult as HistogramAnswer,
  Bucket as HistogramBucket,
  InviteDraft,
  InviteMade as NewInvite,
  InviteShown,
  InviteState as Invite,
  Json,
  JsonObject,
  LanguageText,
  KeyState as WriteKey,
  LinkMade as NewLink,
  MemberChange,
  Me as MySelf,
  MemberState as Member,
  NotifyDraft as PlaceDraft,
  NotifyState as Place,
  OpenSession,
  PasswordChange,
  PresetShown as Preset,
  PreviewedDestination,
  PreviewedSubscription,
  Problem,
  RecentDeliveries,
  RecentDelivery,
  SearchResult as SearchAnswer,
  SessionAnswer as Session,
  SetAside as SetAsideEvent,
  SetAsidePage as SetAsideAnswer,
  Settings as WorkspaceSettings,
  SourceAnswer as Source,
  Status,
  Step as TraceStep,
  SubscriptionDraft,
  SubscriptionTotals as Subscription,
  TokenDraft as ApiTokenDraft,
  TokenMade as NewApiToken,
  TokenState as ApiToken,
  TraceAnswer,
  Tried as TestResult,
  TriedRequest,
  TriedResponse,
  ValueCount as FieldValue,
  ValuesResult as ValuesAnswer,
  WaitingEvent,
  WaitingShown as WaitingWithEvent,
  Whoami as Me,
} from "./schema";

export type EventType = EventOut["type"];

export type SourceKind = SourceAnswer["kind"];

export type IpSetting = SourceAnswer["ip"];

export type Role = MemberState["role"];

export type Permission = Whoami["permissions"][number];

/** What people decide about a source. */
export type SourceSettings = SourceChange;

/** What was read, and the tag that its next change must name. */
export interface Versioned<T> {
  value: T;
  etag: string;
}

/** A source and the tag that its next change must name. */
export interface VersionedSource {
  source: SourceAnswer;
  etag: string;
}

/** `next` is the cursor of the page that follows, null at the end. */
export interface Paged<T> {
  items: T[];
  next: string | null;
}

/** What an audit log is narrowed to; "" is not asked for. */
export type AuditWanted = Required<
  Pick<Calls["GET /audit-log"]["query"], "actor" | "action" | "resource" | "since" | "until">
>;

/** What dead letters are narrowed to; what is left out, or "", is not asked for. */
export type DeadLettersWanted = Omit<
  Calls["GET /destinations/{slug}/dead-letters"]["query"],
  "limit" | "cursor"
>;

/** A message of the live stream, which the description of the API only tells in words. */
export interface LiveEvents {
  events: EventOut[];
  skipped: number;
}

export interface LiveSetAside {
  events: SetAside[];
  skipped: number;
}

export interface LiveStatus {
  events_per_s: number;
  events: number;
  skipped: number;
  freshness_s: number | null;
}
