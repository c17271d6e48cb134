import { ActionIcon, Tabs, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api } from "@/api/calls";
import { ApiError } from "@/api/client";
import type { Json, SetAsideEvent, TrackedEvent } from "@/api/types";
import { placeOfKey, titleOf, type EventPlace, type Row } from "@/events/rows";
import { formatAgo, formatFull, timeTooltip } from "@/format";
import { useNow } from "@/state/now";
import { CopyButton } from "../CopyButton";
import { Icon } from "../Icon";
import { JsonTree } from "../JsonTree";
import { Empty, Failure, Waiting } from "../states";
import { TypeBadge } from "../TypeBadge";
import { OriginalText } from "./OriginalText";
import { Trace } from "./Trace";
import styles from "./EventPanel.module.css";

/** A live event may be a moment away from being searchable: ask again for so long. */
const NOT_YET_TRIES = 8;
const NOT_YET_MS = 600;

interface Props {
  openKey: string;
  /** The row, when the list has it: shown at once, before the store answers. */
  row: Row | null;
  onClose: () => void;
  onMove: (step: 1 | -1) => void;
}

/** One event beside the list: pretty, as sent, and its way through the system. */
export function EventPanel({ openKey, row, onClose, onMove }: Props) {
  const place = placeOfKey(openKey);
  if (row?.kind === "set-aside") {
    return <SetAsidePanel event={row.event} onClose={onClose} onMove={onMove} />;
  }
  if (place === null) {
    return (
      <Frame title="Event" badge={null} at={null} onClose={onClose} onMove={onMove}>
        <Empty icon="search" title="No longer in the list">
          This event was set aside, and newer ones have taken its place here.
        </Empty>
      </Frame>
    );
  }
  return (
    <StoredPanel
      key={openKey}
      place={place}
      known={row?.event ?? null}
      onClose={onClose}
      onMove={onMove}
    />
  );
}

interface StoredProps {
  place: EventPlace;
  known: TrackedEvent | null;
  onClose: () => void;
  onMove: (step: 1 | -1) => void;
}

function StoredPanel({ place, known, onClose, onMove }: StoredProps) {
  const stored = useQuery({
    queryKey: ["event", place.source, place.messageId],
    queryFn: ({ signal }) => api.event(place.messageId, place.source, signal),
    staleTime: Infinity,
    retry: (failures, error) =>
      failures < NOT_YET_TRIES && error instanceof ApiError && error.status === 404,
    retryDelay: NOT_YET_MS,
  });
  const event = stored.data?.event ?? known;
  if (event === null) {
    return (
      <Frame title="Event" badge={null} at={null} onClose={onClose} onMove={onMove}>
        {stored.isError ? (
          <Missing place={place} error={stored.error} onRetry={() => void stored.refetch()} />
        ) : (
          <Waiting label="Loading the event" />
        )}
      </Frame>
    );
  }
  return (
    <Frame
      title={titleOf(event)}
      badge={event.type}
      at={event.timestamp}
      onClose={onClose}
      onMove={onMove}
    >
      <Views
        pretty={<PrettyEvent event={event} />}
        original={
          stored.isError ? (
            <Failure error={stored.error} onRetry={() => void stored.refetch()} />
          ) : (
            <OriginalText text={stored.data?.original ?? null} />
          )
        }
        trace={<Trace messageId={event.message_id} source={event.source} />}
      />
    </Frame>
  );
}

interface MissingProps {
  place: EventPlace;
  error: Error;
  onRetry: () => void;
}

/** No event to show: what became of it when it is not stored, else why it could not be had. */
function Missing({ place, error, onRetry }: MissingProps) {
  if (!(error instanceof ApiError) || error.status !== 404) {
    return <Failure error={error} onRetry={onRetry} />;
  }
  return (
    <>
      <p className={styles["outcome"]}>
        No event with the message id <code className="mono">{place.messageId}</code> is stored for
        the source <code className="mono">{place.source}</code>.
      </p>
      <Trace messageId={place.messageId} source={place.source} />
    </>
  );
}

interface SetAsideProps {
  event: SetAsideEvent;
  onClose: () => void;
  onMove: (step: 1 | -1) => void;
}

function SetAsidePanel({ event, onClose, onMove }: SetAsideProps) {
  const { original, ...facts } = event;
  return (
    <Frame
      title={event.event || event.type || "Event"}
      badge={event.outcome}
      at={event.received_at}
      onClose={onClose}
      onMove={onMove}
    >
      <div className={styles["notice"]}>
        <strong>Set aside: </strong>
        {event.detail || event.reason}
      </div>
      <Views
        pretty={<JsonTree label="The event that was set aside" value={withoutNothing(facts)} />}
        original={<OriginalText text={original} />}
        trace={
          event.message_id ? (
            <Trace messageId={event.message_id} source={event.source} />
          ) : (
            <Empty icon="search" title="No message id, no trace">
              It lies in the raw log: partition {event.raw_partition}, offset {event.raw_offset},
              index {event.raw_index}.
            </Empty>
          )
        }
      />
    </Frame>
  );
}

interface FrameProps {
  title: string;
  badge: string | null;
  at: string | null;
  onClose: () => void;
  onMove: (step: 1 | -1) => void;
  children: React.ReactNode;
}

function Frame({ title, badge, at, onClose, onMove, children }: FrameProps) {
  const now = useNow(5000);
  return (
    <section className={styles["panel"]} aria-label={`Event: ${title}`}>
      <header className={styles["head"]}>
        <div className={styles["name"]}>
          {badge && <TypeBadge type={badge} />}
          <h2 title={title}>{title}</h2>
        </div>
        <div className={styles["actions"]}>
          <PanelAction icon="chevronUp" label="Newer event" onClick={() => onMove(-1)} />
          <PanelAction icon="chevronDown" label="Older event" onClick={() => onMove(1)} />
          <PanelAction icon="close" label="Close the event" onClick={onClose} isFocused />
        </div>
        {at && (
          <div className={styles["when"]}>
            <time dateTime={at} title={timeTooltip(at)}>
              {formatFull(at)}
            </time>{" "}
            · {formatAgo(at, now)}
          </div>
        )}
      </header>
      <div className={styles["body"]}>{children}</div>
    </section>
  );
}

interface PanelActionProps {
  icon: "chevronUp" | "chevronDown" | "close";
  label: string;
  onClick: () => void;
  isFocused?: boolean;
}

function PanelAction({ icon, label, onClick, isFocused = false }: PanelActionProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // On the phone the panel covers the list, so the focus goes along with the eyes.
    if (isFocused && matchMedia("(max-width: 760px)").matches) button.current?.focus();
  }, [isFocused]);
  return (
    // Where the focus comes without being asked for, no words pop up over the event.
    <Tooltip label={label} events={{ hover: true, focus: !isFocused, touch: false }}>
      <ActionIcon
        ref={button}
        variant="subtle"
        color="gray"
        size={34}
        aria-label={label}
        onClick={onClick}
      >
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
}

interface ViewsProps {
  pretty: React.ReactNode;
  original: React.ReactNode;
  trace: React.ReactNode;
}

function Views({ pretty, original, trace }: ViewsProps) {
  const [view, setView] = useState<string | null>("pretty");
  return (
    <Tabs value={view} onChange={setView} keepMounted={false}>
      <Tabs.List mb={16}>
        <Tabs.Tab value="pretty">Event</Tabs.Tab>
        <Tabs.Tab value="original">As sent</Tabs.Tab>
        <Tabs.Tab value="trace">Trace</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="pretty">{pretty}</Tabs.Panel>
      <Tabs.Panel value="original">{original}</Tabs.Panel>
      <Tabs.Panel value="trace">{trace}</Tabs.Panel>
    </Tabs>
  );
}

const FACTS: [keyof TrackedEvent, string][] = [
  ["user_id", "User"],
  ["anonymous_id", "Anonymous"],
  ["group_id", "Group"],
  ["previous_id", "Previous id"],
  ["source", "Source"],
  ["message_id", "Message id"],
];

function PrettyEvent({ event }: { event: TrackedEvent }) {
  const { properties, traits, context, ...rest } = withoutNothing(event);
  // What the sender said comes first; the ids are above, the times in the trace.
  const shown = withoutNothing({ properties, traits, context, ...rest });
  return (
    <>
      <dl className={styles["facts"]}>
        {FACTS.filter(([field]) => event[field]).map(([field, label]) => (
          <Fact key={field} label={label} value={String(event[field])} />
        ))}
      </dl>
      <div className={styles["bar"]}>
        <h3>All fields</h3>
        <CopyButton text={JSON.stringify(event, null, 2)} label="Copy the event as JSON" withText />
      </div>
      <JsonTree label="The event's fields" value={shown} />
    </>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd className="mono">{value}</dd>
    </>
  );
}

/** Fields that hold nothing only push the others down; the copy has them all. */
const withoutNothing = (fields: object): { [key: string]: Json } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => !isNothing(value as Json)));

const isNothing = (value: Json | undefined): boolean =>
  value === undefined ||
  value === "" ||
  value === null ||
  (typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0);
