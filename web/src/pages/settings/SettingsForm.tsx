import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { Versioned, WorkspaceSettings } from "@/api/types";
import { Conflict, Problem } from "@/components/notices";
import { isOutdated, problemAt, problemBeside } from "@/components/problems";
import { ME } from "@/state/me";
import {
  changesOf,
  daysProblem,
  draftOf,
  hoursProblem,
  hoursWords,
  nameProblem,
  type Draft,
} from "./draft";
import { SETTINGS } from "./settingsKey";
import forms from "@/components/forms.module.css";

const FIELDS = ["name", "session_hours_max", "token_days_max"];

interface Props {
  current: Versioned<WorkspaceSettings>;
  /** Asks for the current state. */
  onLoad: () => void;
}

/** Changes the settings; only what was changed is sent, and against what was read. */
export function SettingsForm({ current, onLoad }: Props) {
  const client = useQueryClient();
  const [base, setBase] = useState(current);
  const [draft, setDraft] = useState(() => draftOf(current.value));
  const startFrom = (state: Versioned<WorkspaceSettings>) => {
    setBase(state);
    setDraft(draftOf(state.value));
  };
  const wrong = {
    name: nameProblem(draft),
    hours: hoursProblem(draft),
    days: daysProblem(draft),
  };
  const isWrong = Object.values(wrong).some((problem) => problem !== null);
  const changes = changesOf(draft, base.value);
  const isDirty = Object.keys(changes).length > 0;
  if (current.etag !== base.etag && !isDirty) startFrom(current);
  const save = useMutation({
    mutationFn: () => api.changeSettings(changes, base.etag),
    onSuccess: (changed) => {
      client.setQueryData(SETTINGS, changed);
      startFrom(changed);
      // The name stands in the header, and the change in the audit log.
      void client.invalidateQueries({ queryKey: ME });
      void client.invalidateQueries({ queryKey: ["audit-log"] });
    },
  });
  const edit = (edited: Partial<Draft>) => {
    setDraft({ ...draft, ...edited });
    save.reset();
  };
  const discard = () => {
    startFrom(current);
    save.reset();
  };
  const load = () => {
    discard();
    onLoad();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isDirty && !isWrong) save.mutate();
  };
  const isConflict = isOutdated(save.error) || (isDirty && current.etag !== base.etag);
  const other = problemBeside(FIELDS, save.error);
  const hours = Number(draft.sessionHours);
  return (
    <form className={forms["form"]} onSubmit={submit} noValidate>
      <div className={forms["fields"]}>
        <TextInput
          className={forms["wide"] ?? ""}
          label="Name"
          description="Shown in the header, in invites and on the sign-in page."
          maxLength={100}
          autoComplete="off"
          value={draft.name}
          error={wrong.name ?? problemAt("name", save.error)}
          onChange={(event) => edit({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Sign-ins end after (hours)"
          description={
            wrong.hours === null && hours >= 24
              ? `${hoursWords(hours)}. Then the browser asks for the password again.`
              : "Then the browser asks for the password again."
          }
          inputMode="numeric"
          autoComplete="off"
          value={draft.sessionHours}
          error={wrong.hours ?? problemAt("session_hours_max", save.error)}
          onChange={(event) => edit({ sessionHours: event.currentTarget.value })}
        />
        <TextInput
          label="Longest life of a token (days)"
          description="For tokens made from now on. Empty: they may last for ever."
          placeholder="No limit"
          inputMode="numeric"
          autoComplete="off"
          value={draft.tokenDays}
          error={wrong.days ?? problemAt("token_days_max", save.error)}
          onChange={(event) => edit({ tokenDays: event.currentTarget.value })}
        />
      </div>
      {isConflict && <Conflict thing="the settings" onLoad={load} />}
      {other && <Problem text={other} />}
      <div className={`${forms["buttons"]} ${forms["left"]}`}>
        <Button type="submit" disabled={!isDirty || isWrong || isConflict} loading={save.isPending}>
          Save changes
        </Button>
        {isDirty && !isConflict && (
          <Button variant="default" onClick={discard}>
            Discard
          </Button>
        )}
        <span className={forms["saved"]} role="status">
          {save.isSuccess && !isDirty ? "Saved." : ""}
        </span>
      </div>
    </form>
  );
}
