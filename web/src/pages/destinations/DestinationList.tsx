import { Button } from "@mantine/core";
import { useCallback, type ReactNode } from "react";
import type { Destination } from "@/api/types";
import { EnabledChip } from "@/components/Chip";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { ListPage, More, Skeletons } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Empty, Failure } from "@/components/states";
import { TextFilter } from "@/components/TextFilter";
import { formatCompact, formatCount, timeTooltip } from "@/format";
import { useMe } from "@/state/me";
import { useNow } from "@/state/now";
import { useShortcuts } from "@/state/shortcuts";
import { navigate, useParams } from "@/state/url";
import { StateChip } from "./StateChip";
import { typeName, useDelivery, useDestinationPages, useTypes } from "./useDestinations";
import { isBehind, nameOf, problemWords, STATES, successWords, sumsOf, waitingOf } from "./words";
import styles from "./DestinationList.module.css";

const COLUMNS = ["Name", "Type", "State", "Delivered", "Waiting", "Dead letters", "Last success"];

const add = () => navigate("/destinations?add=");

/** All destinations and how each one fares. */
export function DestinationList() {
  const me = useMe();
  const [params, change] = useParams();
  const text = params.get("q") ?? "";
  const found = useDestinationPages(text);
  const destinations = found.data?.pages.flatMap((page) => page.items) ?? [];
  const filter = useCallback((q: string) => change({ q }, { replace: true }), [change]);
  const mayAdd = me.may("destinations:write");
  const isNone = found.data !== undefined && destinations.length === 0;
  const button = mayAdd && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={add}>
      Add destination
    </Button>
  );
  return (
    <ListPage
      title="Destinations"
      filters={
        (text !== "" || !isNone) && (
          <TextFilter
            label="Part of the name or the slug"
            placeholder="Name or slug"
            group="Destinations"
            text={text}
            onChange={filter}
          />
        )
      }
      action={(text !== "" || !isNone) && button}
      notice={
        found.isError &&
        found.data && <Stale error={found.error} onRetry={() => void found.refetch()} />
      }
    >
      {found.isPending && <Skeletons label="Loading the destinations" />}
      {found.isError && !found.data && (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      )}
      {isNone && text === "" && <First button={button} />}
      {isNone && text !== "" && <NoMatch text={text} onClear={() => change({ q: null })} />}
      {destinations.length > 0 && <Table destinations={destinations} />}
      {found.hasNextPage && (
        <More
          label="Show more destinations"
          shown={destinations.length}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      )}
      {mayAdd && <AddShortcut />}
    </ListPage>
  );
}

function AddShortcut() {
  useShortcuts([{ keys: ["n"], label: "Add a destination", group: "Destinations", run: add }]);
  return null;
}

function Table({ destinations }: { destinations: readonly Destination[] }) {
  const now = useNow(3_000);
  return (
    <div role="table" aria-label="Destinations" className={styles["table"]}>
      <div role="row" className={styles["head"]}>
        {COLUMNS.map((name) => (
          <div key={name} role="columnheader">
            {name}
          </div>
        ))}
      </div>
      {destinations.map((each) => (
        <Row key={each.slug} destination={each} shown={destinations.length} now={now} />
      ))}
    </div>
  );
}

interface RowProps {
  destination: Destination;
  /** How many rows there are. */
  shown: number;
  now: Date;
}

function Row({ destination, shown, now }: RowProps) {
  const { slug, name, enabled } = destination;
  const types = useTypes();
  const { data: delivery, isError } = useDelivery(slug, shown);
  const sums = delivery && sumsOf(delivery.subscriptions);
  const at = delivery?.worked_at ?? null;
  const isTroubled = delivery?.state === "down" || delivery?.state === "suspended";
  return (
    <div role="row" className={styles["row"]}>
      <div role="cell" data-cell="name" className={styles["name"]}>
        <Link className={styles["link"]} path={`/destinations/${slug}`}>
          <bdi>{nameOf(destination)}</bdi>
        </Link>
        {name !== "" && <div className={styles["slug"]}>{slug}</div>}
      </div>
      <div role="cell" data-cell="type" className="muted">
        {typeName(types.data, destination.type)}
      </div>
      <div role="cell" data-cell="state">
        {delivery ? <StateChip state={delivery.state} /> : <Unknown {...{ enabled, isError }} />}
      </div>
      <Count cell="delivered" unit="delivered" count={sums?.delivered} />
      <Count
        cell="waiting"
        unit="waiting"
        count={delivery && waitingOf(delivery)}
        isMore={delivery && isBehind(delivery)}
      />
      <Count cell="dead" unit="dead letters" count={sums?.dead} isBad />
      <div role="cell" data-cell="last" className="muted" title={at ? timeTooltip(at) : undefined}>
        {delivery && (
          <>
            <span className={styles["unit"]}>Success: </span>
            {successWords(delivery, now)}
          </>
        )}
      </div>
      {isTroubled && (
        <div role="cell" data-cell="problem" className={styles["problem"]}>
          {problemWords(delivery.problem) || STATES[delivery.state].about}
        </div>
      )}
    </div>
  );
}

/** Before the server has told how it fares, and where it does not. */
function Unknown({ enabled, isError }: { enabled: boolean; isError: boolean }) {
  if (!enabled) return <EnabledChip isEnabled={false} />;
  return isError ? <span className="muted">not known</span> : null;
}

interface CountProps {
  cell: string;
  unit: string;
  count: number | undefined;
  isBad?: boolean;
  /** Whether there are more than were counted. */
  isMore?: boolean | undefined;
}

function Count({ cell, unit, count, isBad = false, isMore = false }: CountProps) {
  const tone = isBad && count ? styles["bad"] : count ? "" : "muted";
  return (
    <div role="cell" data-cell={cell} className={tone}>
      {count !== undefined && (
        <>
          <span title={formatCount(count)}>
            {isMore && count === 0 && "some"}
            {!(isMore && count === 0) &&
              (count < 100_000 ? formatCount(count) : formatCompact(count))}
            {isMore && count > 0 && "+"}
          </span>
          <span className={styles["unit"]}> {unit}</span>
        </>
      )}
    </div>
  );
}

function First({ button }: { button: ReactNode }) {
  return (
    <Empty icon="destinations" title="No destinations yet" actions={button}>
      A destination is a tool that gets your events as they are stored: your own service by webhook,
      a stream, a bucket, a cluster. What it cannot take at once waits and is tried again, and what
      it refuses is kept with the reason.
      {!button && " Somebody who may change destinations can add one."}
    </Empty>
  );
}

function NoMatch({ text, onClear }: { text: string; onClear: () => void }) {
  return (
    <Empty
      icon="search"
      title="No destination matches"
      actions={
        <Button variant="default" onClick={onClear}>
          Show all destinations
        </Button>
      }
    >
      No name and no slug has “{text}” in it.
    </Empty>
  );
}
