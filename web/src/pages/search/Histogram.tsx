import { ActionIcon, Button, Skeleton, Tooltip } from "@mantine/core";
import { lazy, Suspense, useMemo, useState } from "react";
import type { Question } from "@/api/calls";
import { bucketsOf, type Bucket } from "@/components/chart/buckets";
import { Icon } from "@/components/Icon";
import {
  capitalised,
  formatCount,
  formatEvents,
  formatMinute,
  formatMinutes,
  timeTooltip,
} from "@/format";
import { useHistogram } from "./useSearch";
import styles from "./SearchPage.module.css";

// The chart library is larger than the rest of the app: fetched when a chart is shown.
const TimeBars = lazy(() => import("@/components/chart/TimeBars"));

interface Props {
  question: Question;
  asked: number;
  /** The question is not valid: nothing is asked, the last bars stay. */
  isOff: boolean;
  total: number | null;
  onNarrow: (from: Date, until: Date) => void;
}

export function Histogram({ question, asked, isOff, total, onNarrow }: Props) {
  const histogram = useHistogram(question, asked, !isOff);
  const [isTable, setTable] = useState(false);
  const buckets = useMemo(() => {
    if (!histogram.data) return null;
    return bucketsOf(histogram.data);
  }, [histogram.data]);
  if (isOff && buckets === null) return null;
  const isStale = isOff || histogram.isPlaceholderData;
  return (
    <section aria-label="Events over time">
      <div className={styles["summary"]}>
        <strong aria-live="polite">{total === null ? "\u00a0" : formatEvents(total)}</strong>
        <Tooltip label={isTable ? "Show as bars" : "Show as a table"}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={isTable ? "Show as bars" : "Show as a table"}
            onClick={() => setTable(!isTable)}
          >
            <Icon name={isTable ? "chart" : "table"} />
          </ActionIcon>
        </Tooltip>
      </div>
      {isTable && buckets ? (
        <BucketTable buckets={buckets} onNarrow={onNarrow} />
      ) : (
        <div className={`${styles["chart"]} ${isStale ? styles["stale"] : ""}`}>
          {histogram.isError ? (
            <p className={styles["chartProblem"]} role="alert">
              The bars could not be drawn. {capitalised(histogram.error.message)}
            </p>
          ) : buckets === null ? (
            <Skeleton height="100%" />
          ) : (
            <Suspense fallback={<Skeleton height="100%" />}>
              <TimeBars buckets={buckets} onNarrow={onNarrow} />
            </Suspense>
          )}
        </div>
      )}
    </section>
  );
}

interface BucketTableProps {
  buckets: readonly Bucket[];
  onNarrow: (from: Date, until: Date) => void;
}

function BucketTable({ buckets, onNarrow }: BucketTableProps) {
  const filled = buckets.filter((bucket) => bucket.events > 0);
  return (
    <div
      className={styles["chartTable"]}
      tabIndex={0}
      role="region"
      aria-label="Table of events over time"
    >
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">Events</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {filled.map((bucket) => (
            <tr key={bucket.from.getTime()}>
              <td title={timeTooltip(bucket.from)}>{formatMinute(bucket.from)}</td>
              <td>{formatCount(bucket.events)}</td>
              <td>
                <Button
                  variant="subtle"
                  size="compact-xs"
                  aria-label={`Only this, ${formatMinutes(bucket.from, bucket.until)}`}
                  onClick={() => onNarrow(bucket.from, bucket.until)}
                >
                  Only this
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
