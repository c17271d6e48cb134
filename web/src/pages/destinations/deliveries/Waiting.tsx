import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { Delivery, WaitingEvent } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { More, Skeletons } from "@/components/ListPage";
import { Problem, Stale } from "@/components/notices";
import { Section } from "@/components/Section";
import { Failure } from "@/components/states";
import { TypeBadge } from "@/components/TypeBadge";
import { capitalised, formatCount } from "@/format";
import { useMe } from "@/state/me";
import { useNow } from "@/state/now";
import { useParams, withParams } from "@/state/url";
import { reasonWords, sumsOf, triedWords } from "../words";
import { hurriedWords, nextWords } from "./paceWords";
import { useDeliveriesChanged, useWaiting } from "./useDeliveries";
import letters from "../DeadLetters.module.css";
import styles from "./Waiting.module.css";

interface Props {
  slug: string;
  delivery: Delivery | undefined;
}

/** What failed several times while others got through: it is tried again, out of line. */
export function WaitingList({ slug, delivery }: Props) {
  const me = useMe();
  const found = useWaiting(slug);
  const now = useNow(1_000);
  const [params] = useParams();
  const [told, setTold] = useState("");
  const waiting = found.data?.pages.flatMap((page) => page.items) ?? [];
  const retry = () => void found.refetch();
  const mayTry = me.may("destinations:write");
  return (
    <Section title="Waiting to be tried again">
      <div className={styles["head"]}>
        <p className="muted">
          Events that failed five times while others got through, and those of the same person after
          them. Each is tried again by itself, at most a minute apart.
        </p>
        {mayTry && waiting.length > 0 && (
          <RetryNow
            slug={slug}
            chosen={{ all: true }}
            label={`Retry all ${formatCount(allOf(delivery, waiting))} now`}
            onDone={setTold}
          />
        )}
      </div>
      <p className={letters["told"]} role="status">
        {told}
      </p>
      {found.isError && found.data && <Stale error={found.error} onRetry={retry} />}
      {found.isPending && <Skeletons label="Loading what waits" />}
      {found.isError && !found.data && <Failure error={found.error} onRetry={retry} />}
      {found.data && waiting.length === 0 && <None delivery={delivery} />}
      {waiting.length > 0 && (
        <ul className={styles["list"]} aria-label="Waiting events">
          {waiting.map((each) => (
            <li
              key={each.id}
              className={letters["letter"]}
              data-open={String(each.id) === params.get("waiting") || undefined}
            >
              <div className={letters["what"]}>
                <TypeBadge type={each.type} />
                <Link
                  className={letters["link"]}
                  path={withParams(location.pathname, params, { waiting: String(each.id) })}
                >
                  <bdi>{each.name || each.message_id}</bdi>
                </Link>
                {each.edited && <Chip tone="warn">Edited</Chip>}
              </div>
              {each.reason !== "" && (
                <div className={`${letters["why"]} ${styles["why"]}`}>
                  <strong>{reasonWords(each.reason)}</strong>
                  {each.detail !== "" && <span className={letters["said"]}>{each.detail}</span>}
                </div>
              )}
              <div className={letters["when"]}>
                {each.source} · {triedWords(each.attempts)} · {nextWords(each, now)}
              </div>
            </li>
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <More
          label="Show more that wait"
          shown={waiting.length}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      )}
    </Section>
  );
}

/** The books know more of them than the list has loaded. */
const allOf = (delivery: Delivery | undefined, shown: readonly WaitingEvent[]): number =>
  Math.max(shown.length, delivery ? sumsOf(delivery.subscriptions).waiting : 0);

function None({ delivery }: { delivery: Delivery | undefined }) {
  return (
    <p className={styles["none"]}>
      <Icon name="check" size={16} />
      {delivery?.state === "down"
        ? "Nothing waits out of line. While the tool takes nothing, events wait in order, in the log."
        : "Nothing waits out of line."}
    </p>
  );
}

interface RetryProps {
  slug: string;
  chosen: { ids: number[] } | { all: true };
  label: string;
  onDone: (told: string) => void;
}

/** Need not wait for the next time, once the tool is mended. */
export function RetryNow({ slug, chosen, label, onDone }: RetryProps) {
  const refresh = useDeliveriesChanged(slug);
  const retry = useMutation({
    mutationFn: () => api.retryWaiting(slug, chosen),
    onSuccess: ({ due }) => {
      onDone(hurriedWords(due));
      return refresh();
    },
  });
  return (
    <>
      <Button
        leftSection={<Icon name="refresh" size={16} />}
        loading={retry.isPending}
        onClick={() => retry.mutate()}
      >
        {label}
      </Button>
      {retry.error && <Problem text={capitalised(retry.error.message)} />}
    </>
  );
}
