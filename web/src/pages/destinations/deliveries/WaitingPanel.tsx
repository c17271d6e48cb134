import { useState } from "react";
import { isNotFound } from "@/components/problems";
import { Empty, Failure, Waiting } from "@/components/states";
import { capitalised } from "@/format";
import { useMe } from "@/state/me";
import { useNow } from "@/state/now";
import { FailedEvent } from "./FailedEvent";
import { FailedPanel } from "./FailedPanel";
import { nextWords } from "./paceWords";
import { useWaitingEvent } from "./useDeliveries";
import { RetryNow } from "./Waiting";
import styles from "./FailedEvent.module.css";

interface Props {
  slug: string;
  id: number;
  onClose: () => void;
}

/** One event that waits out of line, beside the list. */
export function WaitingPanel({ slug, id, onClose }: Props) {
  const me = useMe();
  const now = useNow(1_000);
  const [told, setTold] = useState("");
  const found = useWaitingEvent(slug, id);
  const isGone = isNotFound(found.error);
  const event = isGone ? undefined : found.data;
  return (
    <FailedPanel
      what="waiting event"
      group="Deliveries"
      title={found.data?.name || found.data?.message_id || "Waiting event"}
      type={found.data?.type ?? null}
      onClose={onClose}
    >
      {found.isPending && <Waiting label="Loading the event" />}
      {isGone && (
        <Empty icon="check" title="It waits no more">
          It was delivered, became a dead letter or was skipped meanwhile.
        </Empty>
      )}
      {found.isError && !isGone && (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      )}
      {event && (
        <FailedEvent
          failed={event}
          isWaiting
          facts={
            <>
              <dt>Next try</dt>
              <dd>{capitalised(nextWords(event, now).replace("next try ", ""))}</dd>
            </>
          }
          actions={
            me.may("destinations:write") && (
              <div className={styles["actions"]}>
                <RetryNow slug={slug} chosen={{ ids: [id] }} label="Retry now" onDone={setTold} />
                <p className={styles["told"]} role="status">
                  {told}
                </p>
              </div>
            )
          }
        />
      )}
    </FailedPanel>
  );
}
