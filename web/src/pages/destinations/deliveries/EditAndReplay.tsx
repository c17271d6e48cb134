import { Button, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { DeadLetterWithEvent, JsonObject } from "@/api/types";
import { Dialog } from "@/components/Dialog";
import { Problem } from "@/components/notices";
import { capitalised, formatCount } from "@/format";
import { eventIn } from "../testing";
import { changesBetween, changeWords, editProblem, isRounded } from "./editing";
import forms from "@/components/forms.module.css";
import styles from "./EditAndReplay.module.css";

const CHANGES_SHOWN = 12;

interface Props {
  slug: string;
  letter: DeadLetterWithEvent;
  isOpen: boolean;
  onClose: () => void;
  onDone: () => Promise<unknown>;
}

/** Lets somebody mend an event, and tries it again as that. */
export function EditAndReplay({ isOpen, onClose, ...rest }: Props) {
  return (
    <Dialog title="Edit and replay" isOpen={isOpen} onClose={onClose} staysOnClickBeside>
      {isRounded(rest.letter.event) ? (
        <p>
          This event has a number with more digits than a browser keeps, so that it would be sent
          back changed. Edit it over the API.
        </p>
      ) : (
        <Form onClose={onClose} {...rest} />
      )}
    </Dialog>
  );
}

function Form({ slug, letter, onClose, onDone }: Omit<Props, "isOpen">) {
  const [before] = useState(letter.event);
  const [text, setText] = useState(() => JSON.stringify(before, null, 2));
  const replay = useMutation({
    mutationFn: (event: JsonObject) => api.replayDeadLetter(slug, letter.id, event),
    onSuccess: async () => {
      onClose();
      await onDone();
    },
  });
  const given = eventIn(text);
  const problem = typeof given === "string" ? given : editProblem(before, given);
  const changes = typeof given === "string" ? [] : changesBetween(before, given);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typeof given !== "string" && problem === null) replay.mutate(given);
  };
  return (
    <form className={forms["form"]} onSubmit={submit} noValidate>
      <p className="muted">
        Only this destination gets it like that. The stored event stays as it is, and the audit log
        shows what was changed.
      </p>
      <Textarea
        label="Event as JSON"
        rows={16}
        spellCheck={false}
        autoFocus
        classNames={{ input: `${forms["mono"]} ${styles["event"]}` }}
        value={text}
        error={problem}
        errorProps={{ role: "alert" }}
        onChange={(event) => {
          setText(event.currentTarget.value);
          replay.reset();
        }}
      />
      {changes.length > 0 && (
        <ul className={styles["changes"]} aria-label="Changes">
          {changes.slice(0, CHANGES_SHOWN).map((change) => (
            <li key={change.path}>
              <code>{changeWords(change)}</code>
            </li>
          ))}
          {changes.length > CHANGES_SHOWN && (
            <li className="muted">and {formatCount(changes.length - CHANGES_SHOWN)} more</li>
          )}
        </ul>
      )}
      {replay.error && <Problem text={capitalised(replay.error.message)} />}
      <div className={forms["buttons"]}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          type="submit"
          disabled={problem !== null || changes.length === 0}
          loading={replay.isPending}
        >
          Replay as edited
        </Button>
      </div>
    </form>
  );
}
