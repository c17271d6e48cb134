import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { alerts } from "@/api/alerts";
import type { Alert, Versioned } from "@/api/types";
import { Conflict, Problem } from "@/components/notices";
import { isOutdated, problemAt } from "@/components/problems";
import { focusProblem } from "@/pages/destinations/focus";
import { AlertFields } from "./AlertFields";
import { changesOf, draftOf, problemsOf, type Draft } from "./draft";
import { problemBesideFields } from "./problems";
import { useTakenIn } from "./useAlerts";
import forms from "@/components/forms.module.css";

interface Props {
  current: Versioned<Alert>;
  onLoad: () => void;
}

/** Changes an alert; only what was changed is sent, and against what was read. */
export function AlertForm({ current, onLoad }: Props) {
  const takeIn = useTakenIn();
  const form = useRef<HTMLFormElement>(null);
  const [base, setBase] = useState(current);
  const [draft, setDraft] = useState(() => draftOf(current.value));
  const startFrom = (state: Versioned<Alert>) => {
    setBase(state);
    setDraft(draftOf(state.value));
  };
  const changes = changesOf(draft, base.value);
  const isDirty = Object.keys(changes).length > 0;
  if (current.etag !== base.etag && !isDirty) startFrom(current);
  const save = useMutation({
    mutationFn: () => alerts.change(base.value.slug, changes, base.etag),
    onSuccess: async (changed) => {
      await takeIn(changed);
      startFrom(changed);
    },
    onError: () => focusProblem(form.current),
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
  const wrong = problemsOf(draft);
  const isWrong = Object.keys(wrong).length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isDirty && !isWrong) save.mutate();
    else focusProblem(form.current);
  };
  const isConflict = isOutdated(save.error) || (isDirty && current.etag !== base.etag);
  const other = problemBesideFields(draft, save.error);
  return (
    <form ref={form} className={forms["form"]} onSubmit={submit} noValidate>
      <TextInput
        label="Name"
        description="For people; messages begin with it."
        maxLength={200}
        autoComplete="off"
        value={draft.name}
        error={problemAt("name", save.error)}
        onChange={(event) => edit({ name: event.currentTarget.value })}
      />
      <AlertFields
        draft={draft}
        problems={isDirty ? wrong : {}}
        error={save.error}
        onChange={edit}
      />
      {isConflict && <Conflict thing="this alert" onLoad={load} />}
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
          {save.isSuccess && !isDirty ? "Saved. It holds within a few seconds." : ""}
        </span>
      </div>
    </form>
  );
}
