import { Button, Skeleton, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { Destination, DestinationChange, DestinationType, Versioned } from "@/api/types";
import { Conflict, Problem } from "@/components/notices";
import { isOutdated, problemAt } from "@/components/problems";
import { Section } from "@/components/Section";
import { Failure } from "@/components/states";
import { useMe } from "@/state/me";
import { DeleteDestination } from "./DeleteDestination";
import { DeliveryRules, RulesToRead } from "./DeliveryRules";
import { CheckFirst, useCheckFirst } from "./CheckFirst";
import { CheckResult } from "./CheckResult";
import { CheckFailed } from "./checkWords";
import { changesOf, draftOf, problemsOf, STARS, type Draft, type Typed } from "./draft";
import { fieldsOf, type SettingField } from "./fields";
import { focusProblem } from "./focus";
import { otherProblem, settingProblems } from "./settingProblems";
import { SettingFields } from "./SettingFields";
import { SettingsToRead } from "./SettingsToRead";
import { SourcesField } from "./SourcesField";
import { takeIn, useTypes } from "./useDestinations";
import { Versions } from "./Versions";
import forms from "@/components/forms.module.css";

interface Props {
  current: Versioned<Destination>;
  onLoad: () => void;
}

/** What a destination is set to, what it was set to before, and its end. */
export function SettingsView({ current, onLoad }: Props) {
  const me = useMe();
  const types = useTypes();
  const destination = current.value;
  const mayChange = me.may("destinations:write");
  if (types.isPending) return <Skeleton height={240} />;
  if (!types.data) return <Failure error={types.error} onRetry={() => void types.refetch()} />;
  const type = types.data.find(({ slug }) => slug === destination.type);
  return (
    <>
      <Section title="Settings">
        {mayChange && type ? (
          <Form current={current} type={type} onLoad={onLoad} />
        ) : (
          <SettingsToRead destination={destination} type={type} mayChange={mayChange} />
        )}
      </Section>
      <Section title="Delivery">
        {mayChange ? (
          <DeliveryRules current={current} onLoad={onLoad} />
        ) : (
          <RulesToRead destination={destination} />
        )}
      </Section>
      <Section title="Versions">
        <Versions current={current} mayChange={mayChange} onLoad={onLoad} />
      </Section>
      {mayChange && (
        <Section title="Delete">
          <DeleteDestination current={current} onLoad={onLoad} />
        </Section>
      )}
    </>
  );
}

interface Whole {
  name: string;
  sources: string[] | null;
  settings: Draft;
}

const wholeOf = (fields: readonly SettingField[], destination: Destination): Whole => ({
  name: destination.name,
  sources: destination.sources,
  settings: draftOf(fields, destination.settings),
});

const OTHERS = ["name", "sources"];

interface FormProps extends Props {
  type: DestinationType;
}

/** Changes a destination; only what was changed is sent, and against what was read. */
function Form({ current, type, onLoad }: FormProps) {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [fields] = useState(() => fieldsOf(type.settings));
  const [base, setBase] = useState(current);
  const [draft, setDraft] = useState(() => wholeOf(fields, current.value));
  const startFrom = (state: Versioned<Destination>) => {
    setBase(state);
    setDraft(wholeOf(fields, state.value));
  };
  const changes = changesOfWhole(fields, draft, base.value);
  const isDirty = Object.keys(changes).length > 0;
  if (current.etag !== base.etag && !isDirty) startFrom(current);
  const check = useCheckFirst({ type: type.slug, slug: base.value.slug });
  const save = useMutation({
    mutationFn: async (isForced: boolean) => {
      if (changes.settings && !isForced) await check.first(changes.settings);
      return api.changeDestination(base.value.slug, changes, base.etag);
    },
    onSuccess: async (changed) => {
      await takeIn(client, changed);
      startFrom(changed);
    },
    onError: () => focusProblem(form.current),
  });
  const edit = (edited: Partial<Whole>) => {
    setDraft({ ...draft, ...edited });
    save.reset();
    check.forget();
  };
  const editSetting = (name: string, typed: Typed) =>
    edit({ settings: { ...draft.settings, [name]: typed } });
  const discard = () => {
    startFrom(current);
    save.reset();
    check.forget();
  };
  const load = () => {
    discard();
    onLoad();
  };
  const wrong = problemsOf(fields, draft.settings);
  const wrongSources = draft.sources?.length === 0 ? "Choose at least one." : null;
  const isWrong = wrongSources !== null || Object.keys(wrong).length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isDirty && !isWrong) save.mutate(false);
    else focusProblem(form.current);
  };
  const isConflict = isOutdated(save.error) || (isDirty && current.etag !== base.etag);
  const other = otherProblem(fields, OTHERS, save.error);
  return (
    <form ref={form} className={forms["form"]} onSubmit={submit} noValidate>
      <div className={forms["fields"]}>
        <TextInput
          className={forms["wide"] ?? ""}
          label="Name"
          description="For people."
          maxLength={200}
          autoComplete="off"
          value={draft.name}
          error={problemAt("name", save.error)}
          onChange={(event) => edit({ name: event.currentTarget.value })}
        />
        <SettingFields
          fields={fields}
          draft={draft.settings}
          problems={{ ...settingProblems(fields, save.error), ...(isDirty ? wrong : {}) }}
          secretsSet={secretsOf(fields, base.value)}
          onChange={editSetting}
        />
        <SourcesField
          sources={draft.sources}
          error={wrongSources ?? problemAt("sources", save.error)}
          onChange={(sources) => edit({ sources })}
        />
      </div>
      {isConflict && <Conflict thing="this destination" onLoad={load} />}
      {other && <Problem text={other} />}
      {check.answer && <CheckResult answer={check.answer} />}
      {(changes.settings || check.answer) && <CheckFirst check={check} />}
      <div className={`${forms["buttons"]} ${forms["left"]}`}>
        <Button type="submit" disabled={!isDirty || isWrong || isConflict} loading={save.isPending}>
          Save changes
        </Button>
        {save.error instanceof CheckFailed && isDirty && !isConflict && (
          <Button variant="default" onClick={() => save.mutate(true)}>
            Save anyway
          </Button>
        )}
        {isDirty && !isConflict && (
          <Button variant="default" onClick={discard}>
            Discard
          </Button>
        )}
        <span className={forms["saved"]} role="status">
          {save.isSuccess && !isDirty ? "Saved. It holds within two seconds." : ""}
        </span>
      </div>
    </form>
  );
}

/** The names of the secrets that are set. */
const secretsOf = (fields: readonly SettingField[], { settings }: Destination) =>
  new Set(
    fields
      .filter(({ shape, name }) => shape === "secret" && settings[name] === STARS)
      .map(({ name }) => name),
  );

function changesOfWhole(
  fields: readonly SettingField[],
  draft: Whole,
  destination: Destination,
): DestinationChange {
  const changes: DestinationChange = {};
  if (draft.name !== destination.name) changes.name = draft.name;
  if (namesOf(draft.sources) !== namesOf(destination.sources)) changes.sources = draft.sources;
  const settings = changesOf(fields, draft.settings, destination.settings);
  if (Object.keys(settings).length > 0) changes.settings = settings;
  return changes;
}

const namesOf = (sources: readonly string[] | null): string =>
  sources === null ? "all" : JSON.stringify([...sources].sort());
