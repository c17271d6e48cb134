import { ActionIcon, Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { api } from "@/api/calls";
import type { DeadLetterWithEvent } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { CopyButton } from "@/components/CopyButton";
import { Icon } from "@/components/Icon";
import { JsonTree } from "@/components/JsonTree";
import { Link } from "@/components/Link";
import { Problem } from "@/components/notices";
import { isNotFound } from "@/components/problems";
import { Empty, Failure, Waiting } from "@/components/states";
import { TypeBadge } from "@/components/TypeBadge";
import { capitalised, formatFull, timeTooltip } from "@/format";
import { useMe } from "@/state/me";
import { useShortcuts } from "@/state/shortcuts";
import { useDeadLetter, useLettersChanged } from "./useDestinations";
import { reasonWords, timesWords } from "./words";
import panel from "@/components/panel/EventPanel.module.css";
import styles from "./DeadLetterPanel.module.css";

interface Props {
  slug: string;
  id: number;
  onClose: () => void;
}

/** One dead letter beside the list: the event, and what the tool said of it. */
export function DeadLetterPanel({ slug, id, onClose }: Props) {
  const found = useDeadLetter(slug, id);
  useShortcuts([
    { keys: ["Escape"], label: "Close the dead letter", group: "Dead letters", run: onClose },
  ]);
  const letter = found.data;
  return (
    <Frame
      title={letter?.name || letter?.message_id || "Dead letter"}
      type={letter?.type ?? null}
      onClose={onClose}
    >
      {found.isPending && <Waiting label="Loading the dead letter" />}
      {isNotFound(found.error) && (
        <Empty icon="check" title="No longer a dead letter">
          It was replayed or discarded meanwhile.
        </Empty>
      )}
      {found.isError && !isNotFound(found.error) && (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      )}
      {letter && <Letter slug={slug} letter={letter} onClose={onClose} />}
    </Frame>
  );
}

interface FrameProps {
  title: string;
  type: string | null;
  onClose: () => void;
  children: ReactNode;
}

function Frame({ title, type, onClose, children }: FrameProps) {
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // On the phone the panel covers the list, so the focus goes along with the eyes.
    if (matchMedia("(max-width: 760px)").matches) close.current?.focus();
  }, []);
  return (
    <section className={panel["panel"]} aria-label={`Dead letter: ${title}`}>
      <header className={panel["head"]}>
        <div className={panel["name"]}>
          {type && <TypeBadge type={type} />}
          <h2 title={title}>{title}</h2>
        </div>
        <div className={panel["actions"]}>
          <ActionIcon
            ref={close}
            variant="subtle"
            color="gray"
            size={34}
            aria-label="Close the dead letter"
            onClick={onClose}
          >
            <Icon name="close" />
          </ActionIcon>
        </div>
      </header>
      <div className={panel["body"]}>{children}</div>
    </section>
  );
}

interface LetterProps {
  slug: string;
  letter: DeadLetterWithEvent;
  onClose: () => void;
}

function Letter({ slug, letter, onClose }: LetterProps) {
  const me = useMe();
  const { event } = letter;
  return (
    <>
      <div className={styles["why"]}>
        <strong>{capitalised(reasonWords(letter.reason))}</strong>
        {letter.detail === "" ? (
          <p className="muted">The tool said nothing more.</p>
        ) : (
          <pre
            className={styles["said"]}
            tabIndex={0}
            role="region"
            aria-label="What the tool said"
          >
            {letter.detail}
          </pre>
        )}
      </div>
      {me.may("destinations:write") && <Actions slug={slug} id={letter.id} onDone={onClose} />}
      <dl className={panel["facts"]}>
        <dt>Source</dt>
        <dd>{letter.source}</dd>
        <dt>Subscription</dt>
        <dd>{letter.subscription}</dd>
        <dt>Tried</dt>
        <dd>{timesWords(letter.attempts)}</dd>
        <When label="First tried" at={letter.first_at} />
        <When label="Last tried" at={letter.last_at} />
        {letter.status > 0 && (
          <>
            <dt>HTTP status</dt>
            <dd>{letter.status}</dd>
          </>
        )}
        <dt>Message id</dt>
        <dd className="mono">{letter.message_id}</dd>
      </dl>
      {me.may("events:read") && (
        <p className={styles["look"]}>
          <Link
            path={`/search?q=${encodeURIComponent(`message_id:"${letter.message_id}"`)}&range=30d`}
          >
            Search for the event
          </Link>
        </p>
      )}
      <div className={panel["bar"]}>
        <h3>The event</h3>
        <CopyButton text={JSON.stringify(event, null, 2)} label="Copy the event as JSON" withText />
      </div>
      <JsonTree label="The event that was given up" value={event} />
    </>
  );
}

function When({ label, at }: { label: string; at: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd title={timeTooltip(at)}>{formatFull(at)}</dd>
    </>
  );
}

interface ActionsProps {
  slug: string;
  id: number;
  onDone: () => void;
}

function Actions({ slug, id, onDone }: ActionsProps) {
  const refresh = useLettersChanged(slug);
  const [isAsking, setAsking] = useState(false);
  const done = () => {
    onDone();
    return refresh();
  };
  const replay = useMutation({
    mutationFn: () => api.replayDeadLetters(slug, { ids: [id] }),
    onSuccess: done,
  });
  const discard = async () => {
    await api.discardDeadLetters(slug, { ids: [id] });
    await done();
  };
  return (
    <div className={styles["actions"]}>
      <Button
        leftSection={<Icon name="refresh" size={16} />}
        loading={replay.isPending}
        onClick={() => replay.mutate()}
      >
        Replay
      </Button>
      <Button variant="default" onClick={() => setAsking(true)}>
        Discard…
      </Button>
      {replay.error && <Problem text={capitalised(replay.error.message)} />}
      <Confirm
        title="Discard this dead letter?"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        action="Discard"
        isDanger
        run={discard}
      >
        <p>
          This destination will never get the event. It stays stored and can be searched, and the
          books count it as discarded.
        </p>
      </Confirm>
    </div>
  );
}
