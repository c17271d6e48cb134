import { Button, NativeSelect } from "@mantine/core";
import { useCallback, useState } from "react";
import type { DeadLetter, Delivery } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Link } from "@/components/Link";
import { More, Skeletons } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Empty, Failure } from "@/components/states";
import { TextFilter } from "@/components/TextFilter";
import { Time } from "@/components/Time";
import { TypeBadge } from "@/components/TypeBadge";
import { useMe } from "@/state/me";
import { useParams, withParams, type ParamChanges } from "@/state/url";
import { Bulk } from "./deliveries/Bulk";
import {
  countOf,
  filtersOf,
  isNarrowed,
  reasonOptions,
  statusOptions,
  TIMES,
  wantedOf,
} from "./deliveries/letterFilters";
import { useDeadLetters } from "./useDestinations";
import { reasonWords, timesWords } from "./words";
import styles from "./DeadLetters.module.css";

const NO_PARAMS = { reason: null, status: null, since: null, q: null };

interface Props {
  slug: string;
  delivery: Delivery | undefined;
}

/** The events that the destination gave up, with the reasons; they can be tried again. */
export function DeadLetters({ slug, delivery }: Props) {
  const me = useMe();
  const [params, change] = useParams();
  const [told, setTold] = useState("");
  const filters = filtersOf(params);
  const found = useDeadLetters(slug, wantedOf(filters));
  const letters = found.data?.pages.flatMap((page) => page.items) ?? [];
  const filter = useCallback((q: string) => change({ q }, { replace: true }), [change]);
  const narrow = (changes: ParamChanges) => change({ ...changes, letter: null });
  const retry = () => void found.refetch();
  const isNone = found.data !== undefined && letters.length === 0;
  return (
    <>
      <p className="muted">
        Events that the tool refused, or did not take for days. They stay here, whole, until they
        are replayed or discarded.
      </p>
      {(isNarrowed(filters) || letters.length > 0) && (
        <div className={styles["bar"]}>
          <NativeSelect
            aria-label="Reason"
            className={styles["reason"] ?? ""}
            data={reasonOptions(delivery, filters.reason)}
            value={filters.reason}
            onChange={(event) => narrow({ reason: event.currentTarget.value })}
          />
          <NativeSelect
            aria-label="HTTP status"
            className={styles["choice"] ?? ""}
            data={statusOptions(letters, filters.status)}
            value={filters.status}
            onChange={(event) => narrow({ status: event.currentTarget.value })}
          />
          <NativeSelect
            aria-label="Last tried"
            className={styles["choice"] ?? ""}
            data={TIMES}
            value={filters.since}
            onChange={(event) => narrow({ since: event.currentTarget.value })}
          />
          <div className={styles["text"]}>
            <TextFilter
              label="Part of the event's name, its message id or what the tool said"
              placeholder="Event, message id, answer"
              group="Dead letters"
              text={filters.text}
              onChange={filter}
            />
          </div>
          {me.may("destinations:write") && letters.length > 0 && (
            <Bulk
              slug={slug}
              filters={filters}
              count={countOf(delivery, filters)}
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
      {isNone && <None isNarrowed={isNarrowed(filters)} onClear={() => change(NO_PARAMS)} />}
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
            {letter.edited && <Chip tone="warn">Edited</Chip>}
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
