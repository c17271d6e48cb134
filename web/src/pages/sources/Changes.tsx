import { Button, Skeleton } from "@mantine/core";
import type { AuditEntry } from "@/api/types";
import { Failure } from "@/components/states";
import { formatMinute, timeTooltip } from "@/format";
import { actorWords, changeWords } from "./history";
import { useChanges } from "./useSources";
import styles from "./Changes.module.css";

interface Props {
  slug: string;
  isOfFile: boolean;
}

/** Who changed what of a source, the newest first. */
export function Changes({ slug, isOfFile }: Props) {
  const changes = useChanges(slug);
  if (changes.isPending) return <Skeleton height={56} />;
  if (!changes.data) {
    return <Failure error={changes.error} onRetry={() => void changes.refetch()} />;
  }
  const entries = changes.data.pages.flatMap((page) => page.items);
  if (entries.length === 0) {
    return (
      <p className="muted">
        {isOfFile ? "Changes of the settings file are not noted here." : "None are noted."}
      </p>
    );
  }
  return (
    <>
      <ol className={styles["list"]}>
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </ol>
      {changes.hasNextPage && (
        <div>
          <Button
            variant="default"
            loading={changes.isFetchingNextPage}
            onClick={() => void changes.fetchNextPage()}
          >
            Show earlier changes
          </Button>
        </div>
      )}
    </>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  return (
    <li className={styles["entry"]}>
      <time dateTime={entry.at} title={timeTooltip(entry.at)}>
        {formatMinute(entry.at)}
      </time>
      <span>
        {actorWords(entry.actor)} {changeWords(entry).join(", ")}
      </span>
    </li>
  );
}
