import { Button } from "@mantine/core";
import { useState } from "react";
import { alerts } from "@/api/alerts";
import type { Alert, Versioned } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Stale } from "@/components/notices";
import { isNotFound } from "@/components/problems";
import { Section, SectionsPage } from "@/components/Section";
import { Empty, Failure, Waiting } from "@/components/states";
import { useMe } from "@/state/me";
import { navigate } from "@/state/url";
import { AlertForm } from "./AlertForm";
import { AlertToRead } from "./AlertToRead";
import { DeleteAlert } from "./DeleteAlert";
import { Standing, StandingChip } from "./Standing";
import { TestAlert } from "./TestAlert";
import { useAlert, useTakenIn } from "./useAlerts";
import { nameOf, watchedWords } from "./words";
import styles from "./OneAlert.module.css";

/** One alert: how it stands, a test of it, and its settings. */
export function OneAlert({ slug }: { slug: string }) {
  const me = useMe();
  const found = useAlert(slug);
  const reload = () => void found.refetch();
  if (found.isPending) return <Waiting label="Loading the alert" />;
  if (isNotFound(found.error)) return <NotThere slug={slug} />;
  if (!found.data) return <Failure error={found.error} onRetry={reload} isWholePage />;
  const current = found.data;
  const alert = current.value;
  const mayChange = me.may("destinations:write");
  return (
    <SectionsPage notice={found.isError && <Stale error={found.error} onRetry={reload} />}>
      <div className={styles["head"]}>
        <Link className={styles["back"]} path="/alerts">
          <Icon name="chevronLeft" size={15} />
          Alerts
        </Link>
        <div className={styles["title"]}>
          <h1>
            <bdi>{nameOf(alert)}</bdi>
          </h1>
          <StandingChip standing={alert.standing} />
        </div>
        <p className="muted">
          <code className="mono">{alert.slug}</code> · {watchedWords(alert.destinations)}
        </p>
        {mayChange && <Enabling current={current} onLoad={reload} />}
      </div>
      <Section title="How it stands">
        <Standing alert={alert} />
      </Section>
      {mayChange && (
        <Section title="Test">
          <TestAlert alert={alert} />
        </Section>
      )}
      <Section title="Settings">
        {mayChange ? (
          <AlertForm current={current} onLoad={reload} />
        ) : (
          <AlertToRead alert={alert} />
        )}
      </Section>
      {mayChange && (
        <Section title="Delete">
          <DeleteAlert current={current} onLoad={reload} />
        </Section>
      )}
    </SectionsPage>
  );
}

function NotThere({ slug }: { slug: string }) {
  return (
    <Empty
      icon="bell"
      title="No such alert"
      actions={
        <Button variant="default" onClick={() => navigate("/alerts")}>
          Show all alerts
        </Button>
      }
    >
      There is no alert “{slug}”. It may have been deleted.
    </Empty>
  );
}

interface EnablingProps {
  current: Versioned<Alert>;
  onLoad: () => void;
}

function Enabling({ current, onLoad }: EnablingProps) {
  const takeIn = useTakenIn();
  const [isOpen, setOpen] = useState(false);
  const { slug, enabled } = current.value;
  // What is asked stays the same while the dialog closes over its success.
  const [wasEnabled, setWasEnabled] = useState(enabled);
  if (!isOpen && wasEnabled !== enabled) setWasEnabled(enabled);
  const word = wasEnabled ? "Disable" : "Enable";
  const run = async () => takeIn(await alerts.change(slug, { enabled: !wasEnabled }, current.etag));
  return (
    <>
      <Button
        className={styles["enable"] ?? ""}
        variant={wasEnabled ? "default" : "filled"}
        onClick={() => setOpen(true)}
      >
        {word}…
      </Button>
      <Confirm
        title={`${word} ${nameOf(current.value)}?`}
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        action={word}
        isDanger={wasEnabled}
        run={run}
        thing="this alert"
        onLoad={onLoad}
      >
        <p>
          {wasEnabled
            ? "Nothing is looked at for it any more, and nobody is told, until it is enabled again."
            : "What it watches is looked at every few seconds, and people are told of trouble."}
        </p>
      </Confirm>
    </>
  );
}
