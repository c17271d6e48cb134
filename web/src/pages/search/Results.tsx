import { Button, Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import { EventList } from "@/components/EventList";
import type { Row } from "@/events/rows";
import { formatCount } from "@/format";
import type { useSearch } from "./useSearch";
import styles from "./SearchPage.module.css";

interface Props {
  search: ReturnType<typeof useSearch>;
  rows: readonly Row[];
  isOff: boolean;
  openKey: string | null;
  onOpen: (row: Row) => void;
  /** What to say and offer when nothing matches. */
  empty: ReactNode;
}

export function Results({ search, rows, isOff, openKey, onOpen, empty }: Props) {
  if (search.isPending) {
    return (
      <div className={styles["skeletons"]} role="status" aria-label="Searching">
        {Array.from({ length: 8 }, (_, index) => (
          <Skeleton key={index} height={20} />
        ))}
      </div>
    );
  }
  if (isOff && rows.length === 0) return null;
  if (rows.length === 0) {
    return empty;
  }
  const total = search.data?.pages[0]?.total ?? rows.length;
  return (
    <div className={isOff || search.isPlaceholderData ? styles["stale"] : ""}>
      <EventList
        label="Events found, newest first"
        rows={rows}
        selectedKey={openKey}
        onOpen={onOpen}
        time="happened"
      />
      <div className={styles["more"]}>
        <span>
          {formatCount(rows.length)} of {formatCount(total)} shown
        </span>
        {search.hasNextPage && (
          <Button
            variant="default"
            loading={search.isFetchingNextPage}
            onClick={() => void search.fetchNextPage()}
          >
            Load more
          </Button>
        )}
      </div>
    </div>
  );
}
