import { Button, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Fragment, useRef, useState, type FormEvent } from "react";
import { api } from "@/api/calls";
import type { Destination, Versioned } from "@/api/types";
import { Conflict, Problem } from "@/components/notices";
import { isOutdated, problemAt, problemBeside } from "@/components/problems";
import { focusProblem } from "./focus";
import { rulesChangesOf, rulesDraftOf, rulesProblems, type RulesDraft } from "./rules";
import { takeIn } from "./useDestinations";
import forms from "@/components/forms.module.css";

interface Props {
  current: Versioned<Destination>;
  onLoad: () => void;
}

const FIELDS = {
  eventsPerS: "delivery.events_per_s_max",
  requestsAtOnce: "delivery.requests_at_once_max",
  retryHours: "delivery.retry_window_h",
  categories: "delivery.consent_categories",
} as const;

/** How fast the destination is given events, for how long each is tried, and whose. */
export function DeliveryRules({ current, onLoad }: Props) {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [base, setBase] = useState(current);
  const [draft, setDraft] = useState(() => rulesDraftOf(current.value.delivery));
  const startFrom = (state: Versioned<Destination>) => {
    setBase(state);
    setDraft(rulesDraftOf(state.value.delivery));
  };
  const changes = rulesChangesOf(draft, base.value.delivery);
  const isDirty = Object.keys(changes).length > 0;
  if (current.etag !== base.etag) {
    const isSame = JSON.stringify(current.value.delivery) === JSON.stringify(base.value.delivery);
    if (!isDirty) startFrom(current);
    else if (isSame) setBase(current);
  }
  const save = useMutation({
    mutationFn: () => api.changeDestination(base.value.slug, { delivery: changes }, base.etag),
    onSuccess: async (changed) => {
      await takeIn(client, changed);
      startFrom(changed);
    },
    onError: () => focusProblem(form.current),
  });
  const edit = (edited: Partial<RulesDraft>) => {
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
  const problems = rulesProblems(draft);
  const isWrong = Object.keys(problems).length > 0;
  const isConflict = isOutdated(save.error) || (isDirty && current.etag !== base.etag);
  const other = problemBeside(Object.values(FIELDS), save.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isDirty && !isWrong) save.mutate();
    else focusProblem(form.current);
  };
  const field = (name: keyof RulesDraft) => ({
    autoComplete: "off",
    value: draft[name],
    error: problems[name] ?? problemAt(FIELDS[name], save.error),
    errorProps: { role: "alert" },
  });
  return (
    <form ref={form} className={forms["form"]} onSubmit={submit} noValidate>
      <div className={forms["fields"]}>
        <TextInput
          {...field("eventsPerS")}
          label="Events a second, at most"
          description="Those that are tried again count too. Empty: as fast as it takes them."
          placeholder="No limit"
          inputMode="decimal"
          onChange={(event) => edit({ eventsPerS: event.currentTarget.value })}
        />
        <TextInput
          {...field("requestsAtOnce")}
          label="Requests at once, at most"
          description="From 1 to 64. Empty: as many as the type allows."
          placeholder="As the type allows"
          inputMode="numeric"
          onChange={(event) => edit({ requestsAtOnce: event.currentTarget.value })}
        />
        <TextInput
          {...field("retryHours")}
          label="Keep trying for, in hours"
          description="Then an event becomes a dead letter. Empty: as the configuration says, 7 days."
          placeholder="As the configuration says"
          inputMode="decimal"
          onChange={(event) => edit({ retryHours: event.currentTarget.value })}
        />
        <Textarea
          {...field("categories")}
          label="Consent categories"
          description="One a line. Only events of people who agree to all of them are sent. Empty: consent is not asked about."
          autosize
          minRows={1}
          maxRows={8}
          spellCheck={false}
          onChange={(event) => edit({ categories: event.currentTarget.value })}
        />
      </div>
      {isConflict && <Conflict thing="this destination" onLoad={load} />}
      {other && <Problem text={other} />}
      <div className={`${forms["buttons"]} ${forms["left"]}`}>
        <Button type="submit" disabled={!isDirty || isWrong || isConflict} loading={save.isPending}>
          Save delivery
        </Button>
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

/** The same for who may not change it. */
export function RulesToRead({ destination }: { destination: Destination }) {
  const { eventsPerS, requestsAtOnce, retryHours, categories } = rulesDraftOf(destination.delivery);
  const facts: [string, string][] = [
    ["Events a second, at most", eventsPerS || "No limit"],
    ["Requests at once, at most", requestsAtOnce || "As the type allows"],
    ["Keep trying for, in hours", retryHours || "As the configuration says"],
    ["Consent categories", categories.replaceAll("\n", ", ") || "None"],
  ];
  return (
    <dl className={forms["facts"]}>
      {facts.map(([title, fact]) => (
        <Fragment key={title}>
          <dt>{title}</dt>
          <dd>{fact}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
