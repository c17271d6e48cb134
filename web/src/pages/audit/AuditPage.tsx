import { Button, NativeSelect } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { api } from "@/api/calls";
import { ListPage, More, Skeletons } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { RangePicker } from "@/components/RangePicker";
import { Empty, Failure } from "@/components/states";
import { TextFilter } from "@/components/TextFilter";
import { useParams } from "@/state/url";
import { Entries } from "./Entries";
import { actionsFor, filtersOf, isNarrowed, NO_FILTERS, rangeChanges, wantedOf } from "./filters";
import styles from "./AuditPage.module.css";

/** Who changed what, the newest first. */
export function AuditPage() {
  const [params, change] = useParams();
  const filters = filtersOf(params);
  const wanted = wantedOf(filters);
  const found = useInfiniteQuery({
    queryKey: ["audit-log", "all", wanted],
    queryFn: ({ pageParam, signal }) => api.auditPage(wanted, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  const entries = found.data?.pages.flatMap((page) => page.items) ?? [];
  const clear = () => change(NO_FILTERS);
  const retry = () => void found.refetch();
  const byActor = useCallback((actor: string) => change({ actor }, { replace: true }), [change]);
  const byResource = useCallback(
    (resource: string) => change({ resource }, { replace: true }),
    [change],
  );
  return (
    <ListPage
      title="Audit log"
      filters={
        <>
          <div className={styles["text"]}>
            <TextFilter
              label="Who changed it, such as ada@example.org"
              placeholder="By whom"
              group="Audit log"
              icon="user"
              lengthMax={200}
              text={filters.actor}
              onChange={byActor}
            />
          </div>
          <div className={styles["text"]}>
            <TextFilter
              label="What was changed, such as sources/web-shop"
              placeholder="What, as a path"
              lengthMax={200}
              text={filters.resource}
              onChange={byResource}
            />
          </div>
          <NativeSelect
            aria-label="Kind of change"
            data={actionsFor(filters.action).map(({ value, label }) => ({ value, label }))}
            value={filters.action}
            onChange={(event) => change({ action: event.currentTarget.value })}
          />
          <RangePicker
            range={filters.range}
            onChange={(range) => change(rangeChanges(range))}
            onAllTime={() => change(rangeChanges(null))}
          />
          {isNarrowed(filters) && (
            <Button variant="subtle" color="gray" onClick={clear}>
              Clear
            </Button>
          )}
        </>
      }
      notice={found.isError && found.data && <Stale error={found.error} onRetry={retry} />}
    >
      {found.isPending && <Skeletons label="Loading the audit log" />}
      {found.isError && !found.data && <Failure error={found.error} onRetry={retry} />}
      {found.data && entries.length === 0 && (
        <Empty
          icon="history"
          title="No change matches"
          actions={
            isNarrowed(filters) && (
              <Button variant="default" onClick={clear}>
                Show all changes
              </Button>
            )
          }
        >
          {isNarrowed(filters)
            ? "Names are compared whole: who by their e-mail address, what by its path with all below it."
            : "Nothing was changed yet."}
        </Empty>
      )}
      {entries.length > 0 && <Entries entries={entries} />}
      {found.hasNextPage && (
        <More
          label="Show earlier changes"
          shown={entries.length}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      )}
    </ListPage>
  );
}
