import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { DeadLetterWithEvent } from "@/api/types";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Problem } from "@/components/notices";
import { isNotFound } from "@/components/problems";
import { Empty, Failure, Waiting } from "@/components/states";
import { capitalised } from "@/format";
import { useMe } from "@/state/me";
import { EditAndReplay } from "./deliveries/EditAndReplay";
import { FailedEvent } from "./deliveries/FailedEvent";
import { FailedPanel } from "./deliveries/FailedPanel";
import { useDeadLetter, useLettersChanged } from "./useDestinations";
import styles from "./deliveries/FailedEvent.module.css";

interface Props {
  slug: string;
  id: number;
  onClose: () => void;
}

/** One dead letter beside the list: the event, and what the tool said of it. */
export function DeadLetterPanel({ slug, id, onClose }: Props) {
  const me = useMe();
  const found = useDeadLetter(slug, id);
  const letter = found.data;
  return (
    <FailedPanel
      what="dead letter"
      group="Dead letters"
      title={letter?.name || letter?.message_id || "Dead letter"}
      type={letter?.type ?? null}
      onClose={onClose}
    >
      {found.isPending && <Waiting label="Loading the dead letter" />}
      {isNotFound(found.error) && (
        <Empty icon="check" title="No longer a dead letter">
          It was replayed or discarded meanwhile.
        </Empty>
      )}
      {found.isError && !isNotFound(found.error) && (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      )}
      {letter && (
        <FailedEvent
          failed={letter}
          actions={
            me.may("destinations:write") && <Actions slug={slug} letter={letter} onDone={onClose} />
          }
        />
      )}
    </FailedPanel>
  );
}

interface ActionsProps {
  slug: string;
  letter: DeadLetterWithEvent;
  onDone: () => void;
}

function Actions({ slug, letter, onDone }: ActionsProps) {
  const refresh = useLettersChanged(slug);
  const [asking, setAsking] = useState<"edit" | "discard" | null>(null);
  const { id } = letter;
  const close = () => setAsking(null);
  const done = () => {
    onDone();
    return refresh();
  };
  const replay = useMutation({
    mutationFn: () => api.replayDeadLetters(slug, { ids: [id] }),
    onSuccess: done,
  });
  const discard = async () => {
    await api.discardDeadLetters(slug, { ids: [id] });
    await done();
  };
  return (
    <div className={styles["actions"]}>
      <Button
        leftSection={<Icon name="refresh" size={16} />}
        loading={replay.isPending}
        onClick={() => replay.mutate()}
      >
        Replay
      </Button>
      <Button variant="default" onClick={() => setAsking("edit")}>
        Edit and replay…
      </Button>
      <Button variant="default" onClick={() => setAsking("discard")}>
        Discard…
      </Button>
      {replay.error && <Problem text={capitalised(replay.error.message)} />}
      <EditAndReplay
        slug={slug}
        letter={letter}
        isOpen={asking === "edit"}
        onClose={close}
        onDone={done}
      />
      <Confirm
        title="Discard this dead letter?"
        isOpen={asking === "discard"}
        onClose={close}
        action="Discard"
        isDanger
        run={discard}
      >
        <p>
          This destination will never get the event. It stays stored and can be searched, and the
          books count it as discarded.
        </p>
      </Confirm>
    </div>
  );
}
