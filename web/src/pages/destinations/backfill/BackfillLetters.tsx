import { Button, Skeleton } from "@mantine/core";
import { useState } from "react";
import { backfills } from "@/api/backfills";
import type { Backfill, DeadLetter } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { JsonTree } from "@/components/JsonTree";
import { More } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Section } from "@/components/Section";
import { Failure } from "@/components/states";
import { Time } from "@/components/Time";
import { TypeBadge } from "@/components/TypeBadge";
import { capitalised, formatEvents } from "@/format";
import { useMe } from "@/state/me";
import { discardedWords, reasonWords, replayedWords, timesWords } from "../words";
import { useBackfillLetter, useBackfillLetters, useLettersChanged } from "./useBackfills";
import styles from "./BackfillLetters.module.css";

interface Props {
  slug: string;
  backfill: Backfill;
}

/** The events of a backfill that the tool refused; they can be tried again. */
export function BackfillLetters({ slug, backfill }: Props) {
  const me = useMe();
  const [told, setTold] = useState("");
  const { dead_letters } = backfill;
  if (dead_letters === 0 && told === "") return null;
  return (
    <Section title="Dead letters">
      <p className={styles["told"]} role="status">
        {told}
      </p>
      {dead_letters > 0 && (
        <>
          <div className={styles["bar"]}>
            <p className="muted">
              {dead_letters === 1 ? "1 event was" : `${formatEvents(dead_letters)} were`} given up.
              The destination’s own dead letters are another list.
            </p>
            {me.may("destinations:write") && (
              <Bulk slug={slug} backfill={backfill} onDone={setTold} />
            )}
          </div>
          <Letters slug={slug} id={backfill.id} />
        </>
      )}
    </Section>
  );
}

interface BulkProps extends Props {
  onDone: (told: string) => void;
}

function Bulk({ slug, backfill, onDone }: BulkProps) {
  const refresh = useLettersChanged(slug, backfill.id);
  const [asking, setAsking] = useState<"replay" | "discard" | null>(null);
  const { id, state, dead_letters } = backfill;
  const close = () => setAsking(null);
  const replay = async () => {
    const { replayed } = await backfills.replay(slug, id, { all: true });
    onDone(replayedWords(replayed));
    await refresh();
  };
  const discard = async () => {
    const { discarded } = await backfills.discard(slug, id, { all: true });
    onDone(discardedWords(discarded));
    await refresh();
  };
  const which = dead_letters === 1 ? "the dead letter" : `all ${formatEvents(dead_letters)}`;
  const mayReplay = state !== "canceled" && state !== "failed";
  return (
    <div className={styles["buttons"]}>
      {mayReplay && (
        <Button leftSection={<Icon name="refresh" size={16} />} onClick={() => setAsking("replay")}>
          Replay all…
        </Button>
      )}
      <Button variant="default" onClick={() => setAsking("discard")}>
        Discard all…
      </Button>
      <Confirm
        title={`Replay ${which}?`}
        isOpen={asking === "replay"}
        onClose={close}
        action="Replay"
        run={replay}
      >
        <p>
          They are sent again with the settings as they are now, and the backfill runs until each
          has an outcome. What the tool refuses once more comes back here.
        </p>
      </Confirm>
      <Confirm
        title={`Discard ${which}?`}
        isOpen={asking === "discard"}
        onClose={close}
        action="Discard"
        isDanger
        run={discard}
      >
        <p>This backfill never sends them. They stay stored and can be searched.</p>
      </Confirm>
    </div>
  );
}

function Letters({ slug, id }: { slug: string; id: number }) {
  const found = useBackfillLetters(slug, id);
  const retry = () => void found.refetch();
  if (found.isPending) return <Skeleton height={72} />;
  if (!found.data) return <Failure error={found.error} onRetry={retry} />;
  const letters = found.data.pages.flatMap((page) => page.items);
  return (
    <>
      {found.isError && <Stale error={found.error} onRetry={retry} />}
      <ul className={styles["list"]} aria-label="Dead letters">
        {letters.map((letter) => (
          <Letter key={letter.id} slug={slug} id={id} letter={letter} />
        ))}
      </ul>
      {found.hasNextPage && (
        <More
          label="Show more dead letters"
          shown={letters.length}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      )}
    </>
  );
}

interface LetterProps {
  slug: string;
  id: number;
  letter: DeadLetter;
}

/** One line, which opens to the event itself. */
function Letter({ slug, id, letter }: LetterProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <details className={styles["letter"]} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className={styles["summary"]}>
          <Icon name="chevronRight" size={15} />
          <TypeBadge type={letter.type} />
          <bdi className={styles["name"]}>{letter.name || letter.message_id}</bdi>
          <span className={styles["why"]}>
            <strong>{capitalised(reasonWords(letter.reason))}</strong> {letter.detail}
          </span>
        </summary>
        <p className={styles["when"]}>
          {letter.source} · tried {timesWords(letter.attempts)} ·{" "}
          <Time at={letter.last_at} form="clock" />
        </p>
        {isOpen && <Event slug={slug} id={id} letter={letter.id} />}
      </details>
    </li>
  );
}

function Event({ slug, id, letter }: { slug: string; id: number; letter: number }) {
  const found = useBackfillLetter(slug, id, letter);
  if (found.isPending) return <Skeleton height={96} />;
  if (!found.data) return <Failure error={found.error} onRetry={() => void found.refetch()} />;
  return (
    <>
      {found.data.detail !== "" && <p className={styles["said"]}>{found.data.detail}</p>}
      <JsonTree label="The event that was given up" value={found.data.event} />
    </>
  );
}
