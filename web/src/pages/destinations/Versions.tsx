import { Button, Skeleton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { Destination, DestinationVersion, Versioned } from "@/api/types";
import { Chip } from "@/components/Chip";
import { Confirm } from "@/components/Confirm";
import { Failure } from "@/components/states";
import { capitalised, formatMinute, timeTooltip } from "@/format";
import { actorWords } from "@/pages/sources/history";
import { takeIn, useVersions } from "./useDestinations";
import { differencesOf, doneWords } from "./versionWords";
import styles from "./Versions.module.css";

interface Props {
  current: Versioned<Destination>;
  mayChange: boolean;
  onLoad: () => void;
}

/** Every state that people gave the destination, the newest first; an earlier one can be put back. */
export function Versions({ current, mayChange, onLoad }: Props) {
  const found = useVersions(current.value.slug);
  const [restoring, setRestoring] = useState<DestinationVersion | null>(null);
  if (found.isPending) return <Skeleton height={72} />;
  if (!found.data) return <Failure error={found.error} onRetry={() => void found.refetch()} />;
  const versions = found.data.pages.flatMap((page) => page.items);
  return (
    <>
      <ol className={styles["list"]}>
        {versions.map((version, index) => {
          const before = versions[index + 1];
          // The one before may be on the next page, or be forgotten.
          const isKnown = before !== undefined || version.version === 1;
          return (
            <li key={version.version} className={styles["version"]}>
              <div className={styles["about"]}>
                <span>
                  {actorWords(version.actor)}{" "}
                  {isKnown ? doneWords(version, before ?? null) : "changed it"}
                </span>
                <span className="muted">
                  Version {version.version} ·{" "}
                  <time dateTime={version.at} title={timeTooltip(version.at)}>
                    {formatMinute(version.at)}
                  </time>
                </span>
              </div>
              {version.version === current.value.version ? (
                <Chip tone="good">Current</Chip>
              ) : (
                mayChange && (
                  <Button
                    variant="default"
                    size="xs"
                    aria-label={`Restore version ${version.version}…`}
                    onClick={() => setRestoring(version)}
                  >
                    Restore…
                  </Button>
                )
              )}
            </li>
          );
        })}
      </ol>
      {found.hasNextPage && (
        <div>
          <Button
            variant="default"
            loading={found.isFetchingNextPage}
            onClick={() => void found.fetchNextPage()}
          >
            Show earlier versions
          </Button>
        </div>
      )}
      <Restore
        version={restoring}
        current={current}
        onClose={() => setRestoring(null)}
        onLoad={onLoad}
      />
    </>
  );
}

interface RestoreProps {
  version: DestinationVersion | null;
  current: Versioned<Destination>;
  onClose: () => void;
  onLoad: () => void;
}

function Restore({ version, current, onClose, onLoad }: RestoreProps) {
  const client = useQueryClient();
  // What is asked stays the same while the dialog closes over its success.
  const [asked, setAsked] = useState(version);
  if (version !== null && version !== asked) setAsked(version);
  const { slug } = current.value;
  const differences = asked ? differencesOf(current.value, asked) : [];
  const run = async () => {
    if (asked === null) return;
    await takeIn(client, await api.restoreDestination(slug, asked.version, current.etag));
  };
  return (
    <Confirm
      title={`Restore version ${asked?.version ?? ""}?`}
      isOpen={version !== null}
      onClose={onClose}
      action="Restore"
      run={run}
      thing="this destination"
      onLoad={onLoad}
    >
      {asked && (
        <>
          <p>
            It becomes a new version that equals this one, secrets included, and holds within two
            seconds.
          </p>
          {differences.length > 0 && (
            <>
              <p>This changes:</p>
              <ul>
                {differences.map((words) => (
                  <li key={words}>{capitalised(words)}</li>
                ))}
              </ul>
            </>
          )}
        </>
      )}
    </Confirm>
  );
}
