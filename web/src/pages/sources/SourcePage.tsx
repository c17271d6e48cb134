import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { Source, VersionedSource } from "@/api/types";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Section, SectionsPage } from "@/components/Section";
import { Empty, Failure, Waiting } from "@/components/states";
import { formatCount, formatRate, timeTooltip } from "@/format";
import { useMe } from "@/state/me";
import { useNow } from "@/state/now";
import { navigate } from "@/state/url";
import { Changes } from "./Changes";
import { EnabledChip, FileChip } from "@/components/Chip";
import { Confirm } from "@/components/Confirm";
import { DeleteSource } from "./DeleteSource";
import { Guide } from "./Guide";
import { Stale } from "@/components/notices";
import { isNotFound } from "@/components/problems";
import { Settings, SettingsToRead } from "./Settings";
import { WriteKeys } from "./WriteKeys";
import { takeIn, useSource } from "./useSources";
import { kindLabel, lastEventWords, mayAddSources, nameOf } from "./words";
import styles from "./SourcePage.module.css";

/** One source: what it sends, how to send, its settings, its write keys, what was changed. */
export function SourcePage({ slug }: { slug: string }) {
  const found = useSource(slug);
  if (found.isPending) return <Waiting label="Loading the source" />;
  if (isNotFound(found.error)) return <NotThere slug={slug} />;
  if (!found.data) {
    return <Failure error={found.error} onRetry={() => void found.refetch()} isWholePage />;
  }
  const reload = () => void found.refetch();
  return (
    <SectionsPage notice={found.isError && <Stale error={found.error} onRetry={reload} />}>
      <Found current={found.data} onLoad={reload} />
    </SectionsPage>
  );
}

function NotThere({ slug }: { slug: string }) {
  return (
    <Empty
      icon="sources"
      title="No such source"
      actions={
        <Button variant="default" onClick={() => navigate("/sources")}>
          Show all sources
        </Button>
      }
    >
      There is no source “{slug}”. It may have been deleted; its events stay and can be searched.
    </Empty>
  );
}

interface FoundProps {
  current: VersionedSource;
  onLoad: () => void;
}

function Found({ current, onLoad }: FoundProps) {
  const { source } = current;
  const me = useMe();
  const isOfFile = source.managed_by === "file";
  const mayChange = me.may("sources:write") && !isOfFile;
  return (
    <>
      <Head current={current} mayChange={mayChange} onLoad={onLoad} />
      <Figures source={source} />
      <Guide source={source} />
      <Section title="Settings">
        {mayChange ? (
          <Settings current={current} onLoad={onLoad} />
        ) : (
          <SettingsToRead source={source} />
        )}
      </Section>
      <Section title="Write keys">
        <WriteKeys source={source} />
      </Section>
      {me.may("audit:read") && (
        <Section title="Changes">
          <Changes slug={source.slug} isOfFile={isOfFile} />
        </Section>
      )}
      {mayChange && mayAddSources(me) && (
        <Section title="Delete">
          <DeleteSource current={current} onLoad={onLoad} />
        </Section>
      )}
    </>
  );
}

interface HeadProps extends FoundProps {
  mayChange: boolean;
}

function Head({ current, mayChange, onLoad }: HeadProps) {
  const { source } = current;
  const [isAsking, setAsking] = useState(false);
  return (
    <div className={styles["head"]}>
      <Link className={styles["back"]} path="/sources">
        <Icon name="chevronLeft" size={15} />
        Sources
      </Link>
      <div className={styles["title"]}>
        <h1>
          <bdi>{nameOf(source)}</bdi>
        </h1>
        <EnabledChip isEnabled={source.enabled} />
        {source.managed_by === "file" && <FileChip />}
      </div>
      <p className="muted">
        <code className="mono">{source.slug}</code> · {kindLabel(source.kind)}
      </p>
      {mayChange && (
        <>
          <Button
            className={styles["enable"] ?? ""}
            variant={source.enabled ? "default" : "filled"}
            onClick={() => setAsking(true)}
          >
            {source.enabled ? "Disable…" : "Enable…"}
          </Button>
          <Enabling
            current={current}
            isOpen={isAsking}
            onClose={() => setAsking(false)}
            onLoad={onLoad}
          />
        </>
      )}
    </div>
  );
}

interface EnablingProps extends FoundProps {
  isOpen: boolean;
  onClose: () => void;
}

/** Enabling and disabling, with what senders will notice of it. */
function Enabling({ current, isOpen, onClose, onLoad }: EnablingProps) {
  const client = useQueryClient();
  const { source } = current;
  // What is asked stays the same while the dialog closes over its success.
  const [isEnabled, setEnabled] = useState(source.enabled);
  if (!isOpen && isEnabled !== source.enabled) setEnabled(source.enabled);
  const run = async () => {
    const changed = await api.changeSource(source.slug, { enabled: !isEnabled }, current.etag);
    await takeIn(client, changed);
  };
  const shared = { isOpen, onClose, run, thing: "this source", onLoad };
  return isEnabled ? (
    <Confirm {...shared} title={`Disable ${nameOf(source)}?`} action="Disable" isDanger>
      <p>
        Within two seconds, senders get <code>400 source_disabled</code>. SDKs take that as final
        and do not try again: what they send while the source is disabled is lost.
      </p>
      <p>Events that came before stay. Write keys stay too and work again once it is enabled.</p>
    </Confirm>
  ) : (
    <Confirm {...shared} title={`Enable ${nameOf(source)}?`} action="Enable">
      <p>
        Within two seconds, events sent with its write keys are taken again and answered with{" "}
        <code>200</code>.
      </p>
    </Confirm>
  );
}

function Figures({ source }: { source: Source }) {
  const me = useMe();
  const now = useNow(5_000);
  const { events_per_min: rate, events_24h: events, invalid_24h: invalid } = source;
  const at = source.last_event_at;
  return (
    <div className={styles["figures"]}>
      <dl>
        <div>
          <dt>Events per minute</dt>
          <dd title="The mean of the last five minutes">{formatRate(rate)}</dd>
        </div>
        <div>
          <dt>Events in 24 hours</dt>
          <dd>{formatCount(events)}</dd>
        </div>
        <div>
          <dt>Invalid in 24 hours</dt>
          <dd className={invalid > 0 ? styles["bad"] : ""}>{formatCount(invalid)}</dd>
        </div>
        <div>
          <dt>Last event</dt>
          <dd title={at ? timeTooltip(at) : undefined}>{lastEventWords(source, now)}</dd>
        </div>
      </dl>
      {me.may("events:read") && (
        <Link className={styles["look"]} path={`/live?source=${encodeURIComponent(source.slug)}`}>
          Watch its events
        </Link>
      )}
    </div>
  );
}
