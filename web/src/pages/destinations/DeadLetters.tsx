import { Button, NativeSelect } from "@mantine/core";
import { useCallback, useState } from "react";
import { api } from "@/api/calls";
import type { DeadLetter, DeadLetterChoice, Delivery } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { More, Skeletons } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Empty, Failure } from "@/components/states";
import { TextFilter } from "@/components/TextFilter";
import { Time } from "@/components/Time";
import { TypeBadge } from "@/components/TypeBadge";
import { formatCount, formatEvents } from "@/format";
import { useMe } from "@/state/me";
import { useParams, withParams } from "@/state/url";
import { useDeadLetters, useLettersChanged } from "./useDestinations";
import { discardedWords, reasonWords, replayedWords, timesWords } from "./words";
import styles from "./DeadLetters.module.css";

interface Props {
  slug: string;
  delivery: Delivery | undefined;
}

/** The events that the destination gave up, with the reasons; they can be tried again. */
export function DeadLetters({ slug, delivery }: Props) {
  const me = useMe();
  const [params, change] = useParams();
  const [told, setTold] = useState("");
  const reason = params.get("reason") ?? "";
  const text = params.get("q") ?? "";
  const found = useDeadLetters(slug, { reason, text });
  const letters = found.data?.pages.flatMap((page) => page.items) ?? [];
  const filter = useCallback((q: string) => change({ q }, { replace: true }), [change]);
  const reasons = reasonsOf(delivery, reason);
  const retry = () => void found.refetch();
  const isNarrowed = reason !== "" || text !== "";
  const isNone = found.data !== undefined && letters.length === 0;
  return (
    <>
      <p className="muted">
        Events that the tool refused, or did not take for days. They stay here, whole, until they
        are replayed or discarded.
      </p>
      {(isNarrowed || letters.length > 0) && (
        <div className={styles["bar"]}>
          <NativeSelect
            aria-label="Reason"
            className={styles["reason"] ?? ""}
            data={reasons}
            value={reason}
            onChange={(event) => change({ reason: event.currentTarget.value, letter: null })}
          />
          <div className={styles["text"]}>
            <TextFilter
              label="Part of the event's name, its message id or what the tool said"
              placeholder="Event, message id, answer"
              group="Dead letters"
              text={text}
              onChange={filter}
            />
          </div>
          {me.may("destinations:write") && letters.length > 0 && (
            <Bulk
              slug={slug}
              reason={reason}
              shown={text === "" ? null : letters}
              count={text === "" ? countOf(delivery, reason) : letters.length}
              onDone={setTold}
            />
          )}
        </div>
      )}
      <p className={styles["told"]} role="status">
        {told}
      </p>
      {found.isError && found.data && <Stale error={found.error} onRetry={retry} />}
      {found.isPending && <Skeletons label="Loading the dead letters" />}
      {found.isError && !found.data && <Failure error={found.error} onRetry={retry} />}
      {isNone && <None isNarrowed={isNarrowed} onClear={() => change({ reason: null, q: null })} />}
      {letters.length > 0 && <Letters letters={letters} open={params.get("letter")} />}
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

/** The reasons to choose from, with how many there are of each; the chosen one is among them. */
function reasonsOf(delivery: Delivery | undefined, chosen: string) {
  const counts = new Map<string, number>();
  for (const { outcome, reason, events } of delivery?.reasons ?? []) {
    if (outcome === "dead letter" && events > 0) {
      counts.set(reason, (counts.get(reason) ?? 0) + events);
    }
  }
  if (chosen !== "" && !counts.has(chosen)) counts.set(chosen, 0);
  const each = [...counts].map(([reason, events]) => ({
    value: reason,
    label: `${reasonWords(reason)} (${formatCount(events)})`,
  }));
  return [{ value: "", label: "Every reason" }, ...each];
}

const countOf = (delivery: Delivery | undefined, reason: string): number =>
  (delivery?.reasons ?? [])
    .filter((each) => each.outcome === "dead letter" && (reason === "" || each.reason === reason))
    .reduce((sum, { events }) => sum + events, 0);

interface NoneProps {
  isNarrowed: boolean;
  onClear: () => void;
}

function None({ isNarrowed, onClear }: NoneProps) {
  if (!isNarrowed) {
    return (
      <Empty icon="check" title="No dead letters">
        What the tool refuses for good is shown here, with what it said.
      </Empty>
    );
  }
  return (
    <Empty
      icon="search"
      title="No dead letter matches"
      actions={
        <Button variant="default" onClick={onClear}>
          Show all dead letters
        </Button>
      }
    />
  );
}

interface LettersProps {
  letters: readonly DeadLetter[];
  /** The id of the one that is open. */
  open: string | null;
}

function Letters({ letters, open }: LettersProps) {
  const [params] = useParams();
  return (
    <ul className={styles["list"]} aria-label="Dead letters">
      {letters.map((letter) => (
        <li
          key={letter.id}
          className={styles["letter"]}
          data-open={String(letter.id) === open || undefined}
        >
          <div className={styles["what"]}>
            <TypeBadge type={letter.type} />
            <Link
              className={styles["link"]}
              path={withParams(location.pathname, params, { letter: String(letter.id) })}
            >
              <bdi>{letter.name || letter.message_id}</bdi>
            </Link>
          </div>
          <div className={styles["why"]}>
            <strong>{reasonWords(letter.reason)}</strong>
            {letter.detail !== "" && <span className={styles["said"]}>{letter.detail}</span>}
          </div>
          <div className={styles["when"]}>
            {letter.source} · tried {timesWords(letter.attempts)} ·{" "}
            <Time at={letter.last_at} form="clock" />
          </div>
        </li>
      ))}
    </ul>
  );
}

interface BulkProps {
  slug: string;
  reason: string;
  /** Those to take one by one, where a text narrows the list; else all of the reason. */
  shown: readonly DeadLetter[] | null;
  count: number;
  onDone: (told: string) => void;
}

/** Replaying and discarding all that the list is narrowed to. */
function Bulk({ slug, reason, shown, count, onDone }: BulkProps) {
  const refresh = useLettersChanged(slug);
  const [asking, setAsking] = useState<"replay" | "discard" | null>(null);
  const chosen: DeadLetterChoice =
    shown !== null
      ? { ids: shown.map(({ id }) => id) }
      : reason === ""
        ? { all: true }
        : { reason };
  const which = whichWords(count, reason, shown !== null);
  const close = () => setAsking(null);
  const replay = async () => {
    const { replayed } = await api.replayDeadLetters(slug, chosen);
    onDone(replayedWords(replayed));
    await refresh();
  };
  const discard = async () => {
    const { discarded } = await api.discardDeadLetters(slug, chosen);
    onDone(discardedWords(discarded));
    await refresh();
  };
  const label = shown !== null ? "shown" : reason === "" ? "all" : "these";
  return (
    <div className={styles["bulk"]}>
      <Button leftSection={<Icon name="refresh" size={16} />} onClick={() => setAsking("replay")}>
        Replay {label}…
      </Button>
      <Button variant="default" onClick={() => setAsking("discard")}>
        Discard {label}…
      </Button>
      <Confirm
        title={`Replay ${which}?`}
        isOpen={asking === "replay"}
        onClose={close}
        action="Replay"
        run={replay}
      >
        <p>
          They are sent again with the settings as they are now, beside the events that come. What
          the tool refuses once more comes back here.
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
        <p>
          This destination will never get them. They stay stored and can be searched, and the books
          count them as discarded.
        </p>
      </Confirm>
    </div>
  );
}

function whichWords(count: number, reason: string, isShown: boolean): string {
  if (isShown) return count === 1 ? "the dead letter shown" : `the ${formatCount(count)} shown`;
  if (reason === "") return count === 1 ? "the dead letter" : `all ${formatEvents(count)}`;
  return `${formatEvents(count)} of “${reasonWords(reason)}”`;
}
