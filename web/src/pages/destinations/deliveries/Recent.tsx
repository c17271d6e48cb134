import { Button, NativeSelect } from "@mantine/core";
import { useState } from "react";
import type { RecentDelivery } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { Skeletons } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Section } from "@/components/Section";
import { Empty, Failure } from "@/components/states";
import { Time } from "@/components/Time";
import { TypeBadge } from "@/components/TypeBadge";
import { formatDuration } from "@/format";
import { useMe } from "@/state/me";
import { useParams } from "@/state/url";
import { reasonWords, timesWords } from "../words";
import { sampleWords } from "./paceWords";
import { useRecent } from "./useDeliveries";
import styles from "./Recent.module.css";

const OUTCOMES: Record<string, { label: string; tone: "good" | "warn" | "bad" }> = {
  delivered: { label: "Delivered", tone: "good" },
  waiting: { label: "Waiting", tone: "warn" },
  "dead letter": { label: "Dead letter", tone: "bad" },
};

const CHOICES = [
  { value: "", label: "Every outcome" },
  { value: "delivered", label: "Delivered" },
  { value: "waiting", label: "Waiting" },
  { value: "dead letter", label: "Dead letters" },
];

/** The last deliveries, as they happen. */
export function Recent({ slug }: { slug: string }) {
  const [params, change] = useParams();
  const [isLive, setLive] = useState(true);
  const chosen = params.get("outcome") ?? "";
  const outcome = chosen in OUTCOMES ? chosen : "";
  const found = useRecent(slug, { outcome, isLive });
  const retry = () => void found.refetch();
  const sample = found.data ? sampleWords(found.data.sampled, found.data.rate) : "";
  return (
    <Section title="Last deliveries">
      <div className={styles["bar"]}>
        <NativeSelect
          aria-label="Outcome"
          data={CHOICES}
          value={outcome}
          onChange={(event) => change({ outcome: event.currentTarget.value })}
        />
        <Button
          variant="default"
          className={styles["pause"] ?? ""}
          leftSection={<Icon name={isLive ? "pause" : "play"} size={16} />}
          onClick={() => setLive(!isLive)}
        >
          {isLive ? "Pause" : "Go on"}
        </Button>
      </div>
      {found.isError && found.data && <Stale error={found.error} onRetry={retry} />}
      {found.isPending && <Skeletons label="Loading the last deliveries" />}
      {found.isError && !found.data && <Failure error={found.error} onRetry={retry} />}
      {found.data?.deliveries.length === 0 && <None isNarrowed={outcome !== ""} />}
      {found.data && found.data.deliveries.length > 0 && (
        <>
          {sample !== "" && <p className="muted">{sample}</p>}
          <List slug={slug} deliveries={found.data.deliveries} />
        </>
      )}
    </Section>
  );
}

function None({ isNarrowed }: { isNarrowed: boolean }) {
  return isNarrowed ? (
    <Empty icon="search" title="None of the last deliveries ended like that" />
  ) : (
    <Empty icon="send" title="No deliveries yet">
      Each event that the tool takes or refuses is shown here a moment later.
    </Empty>
  );
}

function List({ slug, deliveries }: { slug: string; deliveries: readonly RecentDelivery[] }) {
  return (
    <ul className={styles["list"]} aria-label="Last deliveries">
      {deliveries.map((each) => (
        <Row
          key={`${each.message_id} ${each.subscription} ${each.at}`}
          slug={slug}
          delivery={each}
        />
      ))}
    </ul>
  );
}

function Row({ slug, delivery }: { slug: string; delivery: RecentDelivery }) {
  const me = useMe();
  const { label, tone } = OUTCOMES[delivery.outcome] ?? {
    label: delivery.outcome,
    tone: "plain" as const,
  };
  const name = <bdi>{delivery.name || delivery.message_id}</bdi>;
  const path = pathOf(slug, delivery, me.may("events:read"));
  return (
    <li className={styles["row"]}>
      <span className={styles["at"]}>
        <Time at={delivery.at} form="clock" />
      </span>
      <span className={styles["what"]}>
        <TypeBadge type={delivery.type} />
        {path === null ? (
          <span className={styles["name"]}>{name}</span>
        ) : (
          <Link className={styles["name"]} path={path}>
            {name}
          </Link>
        )}
        {delivery.edited && <Chip tone="warn">Edited</Chip>}
      </span>
      <span className={styles["outcome"]}>
        <Chip tone={tone}>{label}</Chip>
        <span className={styles["why"]}>{whyWords(delivery)}</span>
      </span>
      <span className={styles["took"]}>
        {delivery.attempts > 1 && <span>tried {timesWords(delivery.attempts)} · </span>}
        {formatDuration(delivery.took_ms)}
      </span>
    </li>
  );
}

const whyWords = ({ reason, status }: RecentDelivery): string =>
  reason !== "" ? reasonWords(reason) : status > 0 ? `HTTP ${status}` : "";

/** Where there is more to read about it; null for who may not. */
function pathOf(slug: string, delivery: RecentDelivery, maySearch: boolean): string | null {
  const id = encodeURIComponent(delivery.message_id);
  if (delivery.outcome === "dead letter") {
    return `/destinations/${slug}?view=dead-letters&q=${encodeURIComponent(delivery.message_id.slice(0, 100))}`;
  }
  return maySearch ? `/search?q=message_id%3A%22${id}%22&range=30d` : null;
}
