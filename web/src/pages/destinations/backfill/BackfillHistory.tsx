import { Skeleton } from "@mantine/core";
import type { Backfill } from "@/api/types";
import { Link } from "@/components/Link";
import { More } from "@/components/ListPage";
import { Stale } from "@/components/notices";
import { Empty, Failure } from "@/components/states";
import { formatCount, formatPast, timeTooltip } from "@/format";
import { actorWords } from "@/pages/sources/history";
import { useNow } from "@/state/now";
import { useParams, withParams } from "@/state/url";
import { sourcesWords } from "../words";
import { BackfillChip, Progress } from "./Progress";
import { useBackfills } from "./useBackfills";
import { progressWords, timesWords } from "./words";
import styles from "./BackfillHistory.module.css";

/** The backfills of a destination, the newest first. */
export function BackfillHistory({ slug }: { slug: string }) {
  const found = useBackfills(slug);
  const retry = () => void found.refetch();
  if (found.isPending) return <Skeleton height={72} />;
  if (!found.data) return <Failure error={found.error} onRetry={retry} />;
  const all = found.data.pages.flatMap((page) => page.items);
  if (all.length === 0) {
    return (
      <Empty icon="history" title="No backfills yet">
        Each one is kept here with what became of its events, for 90 days.
      </Empty>
    );
  }
  return (
    <>
      {found.isError && <Stale error={found.error} onRetry={retry} />}
      <ul className={styles["list"]} aria-label="Backfills">
        {all.map((backfill) => (
          <Line key={backfill.id} backfill={backfill} />
        ))}
      </ul>
      {found.hasNextPage && (
        <More
          label="Show earlier backfills"
          shown={all.length}
          isLoading={found.isFetchingNextPage}
          onMore={() => void found.fetchNextPage()}
        />
      )}
    </>
  );
}

function Line({ backfill }: { backfill: Backfill }) {
  const [params] = useParams();
  const now = useNow(10_000);
  const { id, query, sources, dead_letters, created_at, created_by } = backfill;
  return (
    <li className={styles["line"]}>
      <div className={styles["title"]}>
        <Link
          className={styles["link"]}
          path={withParams(location.pathname, params, { backfill: String(id) })}
        >
          {timesWords(backfill)}
        </Link>
        <BackfillChip backfill={backfill} />
      </div>
      <div className={styles["about"]}>
        {query !== "" && <code className={styles["query"]}>{query}</code>}
        <span>{sourcesWords(sources)}</span>
        <span title={timeTooltip(created_at)}>
          {actorWords(created_by)}, {formatPast(created_at, now)}
        </span>
      </div>
      <Progress backfill={backfill} />
      <div className={styles["about"]}>
        <span>{progressWords(backfill)}</span>
        {dead_letters > 0 && (
          <span className={styles["bad"]}>
            {dead_letters === 1 ? "1 dead letter" : `${formatCount(dead_letters)} dead letters`}
          </span>
        )}
      </div>
    </li>
  );
}
