import { Button, Checkbox, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { backfills } from "@/api/backfills";
import type { BackfillDraft, BackfillPreview, Destination, Subscription } from "@/api/types";
import { Problem } from "@/components/notices";
import { problemAt, problemBeside } from "@/components/problems";
import { RangePicker } from "@/components/RangePicker";
import { useParams } from "@/state/url";
import { focusProblem } from "../focus";
import { SourcesField } from "../SourcesField";
import { askedOf, FIRST, problemsOf, type Draft } from "./draft";
import { Previewed } from "./Previewed";
import { useTakenIn } from "./useBackfills";
import forms from "@/components/forms.module.css";
import styles from "./BackfillForm.module.css";

interface Props {
  destination: Destination;
  subscriptions: readonly Subscription[];
}

/** What was counted, and what it was counted for. */
interface Counted {
  asked: BackfillDraft;
  preview: BackfillPreview;
}

const FIELDS = ["query", "sources", "subscriptions", "events_per_s_max"];

/** Chooses events of the past, counts them and only then sends them. */
export function BackfillForm({ destination, subscriptions }: Props) {
  const { slug } = destination;
  const takeIn = useTakenIn(slug);
  const [, change] = useParams();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState(FIRST);
  const [isTried, setTried] = useState(false);
  const count = useMutation({
    mutationFn: async (asked: BackfillDraft): Promise<Counted> => ({
      asked,
      preview: await backfills.preview(slug, asked),
    }),
    onError: () => focusProblem(form.current),
  });
  const start = async (asked: BackfillDraft) => {
    const started = await backfills.start(slug, asked);
    await takeIn(started);
    change({ backfill: String(started.id) });
  };
  const wrong = problemsOf(draft);
  const edit = (edited: Partial<Draft>) => {
    setDraft({ ...draft, ...edited });
    count.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(wrong).length > 0) focusProblem(form.current);
    else count.mutate(askedOf(draft, new Date()));
  };
  const shown = isTried ? wrong : {};
  const other = problemBeside(FIELDS, count.error);
  return (
    <div className={forms["form"]}>
      <p className="muted">
        Stored events are sent to this destination: to a tool that should know the past, or again to
        one that lost it. What is delivered live goes on beside it. Events that it has had already
        arrive again.
      </p>
      {/* The picker and the confirmation are forms of their own, so they stand beside this one. */}
      <div className={styles["range"]} role="group" aria-label="Time">
        <span className={forms["label"]}>Time</span>
        <span className={forms["hint"]}>When the events happened.</span>
        <div>
          <RangePicker range={draft.range} onChange={(range) => edit({ range })} />
        </div>
      </div>
      <form ref={form} className={forms["form"]} onSubmit={submit} noValidate>
        <div className={forms["fields"]}>
          <TextInput
            className={forms["wide"] ?? ""}
            label="Only events that match"
            description="In the search language; empty for all."
            placeholder={'event:"Order Completed"'}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            classNames={{ input: forms["mono"] ?? "" }}
            value={draft.query}
            error={problemAt("query", count.error)}
            errorProps={{ role: "alert" }}
            onChange={(event) => edit({ query: event.currentTarget.value })}
          />
          <SourcesField
            about="Whose events are sent."
            all="All sources of the destination"
            sources={draft.sources}
            error={shown.sources ?? problemAt("sources", count.error)}
            onChange={(sources) => edit({ sources })}
          />
          <TextInput
            label="Events a second"
            description="At most; empty for no limit."
            inputMode="numeric"
            autoComplete="off"
            placeholder="No limit"
            value={draft.pace}
            error={shown.pace ?? problemAt("events_per_s_max", count.error)}
            errorProps={{ role: "alert" }}
            onChange={(event) => edit({ pace: event.currentTarget.value })}
          />
          {subscriptions.length > 1 && (
            <Subscriptions
              offered={subscriptions}
              chosen={draft.subscriptions}
              error={shown.subscriptions ?? problemAt("subscriptions", count.error)}
              onChange={(chosen) => edit({ subscriptions: chosen })}
            />
          )}
        </div>
        {other && <Problem text={other} />}
        <div className={`${forms["buttons"]} ${forms["left"]}`}>
          <Button
            type="submit"
            variant={count.data ? "default" : "filled"}
            loading={count.isPending}
          >
            {count.data ? "Count again" : "Count the events"}
          </Button>
          {!count.data && <span className="muted">Nothing is sent yet.</span>}
        </div>
      </form>
      {count.data && <Previewed destination={destination} {...count.data} onStart={start} />}
    </div>
  );
}

interface SubscriptionsProps {
  offered: readonly Subscription[];
  /** null for all that are enabled. */
  chosen: string[] | null;
  error: string | null;
  onChange: (chosen: string[] | null) => void;
}

function Subscriptions({ offered, chosen, error, onChange }: SubscriptionsProps) {
  return (
    <div className={`${forms["wide"]} ${styles["subscriptions"]}`}>
      <Checkbox
        label="All subscriptions that are enabled"
        checked={chosen === null}
        onChange={(event) => onChange(event.currentTarget.checked ? null : [])}
      />
      {chosen !== null && (
        <Checkbox.Group
          aria-label="Subscriptions"
          value={chosen}
          error={error}
          errorProps={{ role: "alert" }}
          onChange={onChange}
        >
          <div className={styles["chosen"]}>
            {offered.map(({ slug, name }) => (
              <Checkbox key={slug} value={slug} label={name || slug} />
            ))}
          </div>
        </Checkbox.Group>
      )}
    </div>
  );
}
