import { Button, NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { DryRun, PreviewedDestination } from "@/api/types";
import { Problem } from "@/components/notices";
import { Section } from "@/components/Section";
import { capitalised, formatCount, formatEvents, formatMinutes } from "@/format";
import { formatBytes } from "./previewWords";
import { sameJson } from "./choice";
import { DryRunReasons } from "./DryRunReasons";
import styles from "./DryRun.module.css";

const SIZES = [100, 1_000, 10_000];

interface Props {
  asked: PreviewedDestination;
  /** Whether all of it is finished. */
  isReady: boolean;
}

/** What would become of the newest stored events, with what is typed above. */
export function DryRunSection({ asked, isReady }: Props) {
  const [events, setEvents] = useState(1_000);
  const run = useMutation({
    mutationFn: async (destination: PreviewedDestination) => ({
      destination,
      answer: await api.dryRunDestination(destination, events),
    }),
  });
  const isOld = run.data !== undefined && !sameJson(run.data.destination, asked);
  return (
    <Section title="Dry run">
      <p className="muted">
        Tries what stands above on the newest stored events. Nothing is sent, saved or counted.
      </p>
      <div className={styles["ask"]}>
        <NativeSelect
          aria-label="How many events"
          data={SIZES.map((size) => ({ value: String(size), label: formatEvents(size) }))}
          value={String(events)}
          onChange={(event) => setEvents(Number(event.currentTarget.value))}
        />
        <Button
          variant="default"
          disabled={!isReady}
          loading={run.isPending}
          onClick={() => run.mutate(asked)}
        >
          Start dry run
        </Button>
      </div>
      {run.error && <Problem text={capitalised(run.error.message)} />}
      {run.data && (
        <>
          {isOld && (
            <p className={styles["old"]}>You have changed something since: run it again.</p>
          )}
          <Result answer={run.data.answer} />
        </>
      )}
    </Section>
  );
}

function Result({ answer }: { answer: DryRun }) {
  const { events, oldest_at: oldest, newest_at: newest, is_complete: isComplete } = answer;
  if (events === 0) return <p role="status">No events are stored yet.</p>;
  return (
    <div className={styles["result"]}>
      <p role="status">
        {capitalised(formatEvents(events))}
        {oldest && newest && `, ${formatMinutes(oldest, newest)}`}.
        {!isComplete && " The time was not enough for more."}
      </p>
      <div className={styles["scroll"]}>
        <table className={styles["table"]} aria-label="Result of the dry run">
          <thead>
            <tr>
              <th scope="col">Subscription</th>
              <th scope="col">Sent</th>
              <th scope="col">Filtered</th>
              <th scope="col">Do not fit</th>
              <th scope="col">Size</th>
              <th scope="col">Requests</th>
            </tr>
          </thead>
          <tbody>
            {answer.subscriptions.map((each) => (
              <tr key={each.slug}>
                <th scope="row">
                  <bdi>{each.name || each.slug}</bdi>
                </th>
                <td>{formatCount(each.sent)}</td>
                <td>{formatCount(each.filtered)}</td>
                <td data-bad={each.rejected > 0 || undefined}>{formatCount(each.rejected)}</td>
                <td title={`The largest is ${formatBytes(each.payload_bytes_max)}`}>
                  {formatBytes(each.payload_bytes)}
                </td>
                <td>{each.batches === null ? "–" : formatCount(each.batches)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {answer.subscriptions.map((each) => (
        <DryRunReasons
          key={each.slug}
          subscription={each}
          isAlone={answer.subscriptions.length === 1}
        />
      ))}
    </div>
  );
}
