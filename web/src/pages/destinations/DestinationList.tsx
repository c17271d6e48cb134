import { Button } from "@mantine/core";
import { useCallback, type ReactNode } from "react";
import { Icon } from "@/components/Icon";
import { ListPage, More, Skeletons } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Empty, Failure } from "@/components/states";
import { TextFilter } from "@/components/TextFilter";
import { useMe } from "@/state/me";
import { useShortcuts } from "@/state/shortcuts";
import { navigate, useParams } from "@/state/url";
import { DestinationTable } from "./DestinationTable";
import { useDestinationPages } from "./useDestinations";

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
      action={
        <>
          <Button
            variant="default"
            leftSection={<Icon name="bell" size={16} />}
            onClick={() => navigate("/alerts")}
          >
            Alerts
          </Button>
          {(text !== "" || !isNone) && button}
        </>
      }
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
      {destinations.length > 0 && <DestinationTable destinations={destinations} />}
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
