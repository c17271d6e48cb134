import { Button } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { api } from "@/api/calls";
import type { Destination, DestinationTypeDetails, Versioned } from "@/api/types";
import { Conflict, Problem } from "@/components/notices";
import { isOutdated } from "@/components/problems";
import { Section } from "@/components/Section";
import { capitalised } from "@/format";
import { useParams } from "@/state/url";
import { takeIn } from "../useDestinations";
import { DryRunSection } from "./DryRunSection";
import { FilterList } from "./FilterList";
import { wrongPlace, type WrongPlace } from "./places";
import { PreviewPane } from "./PreviewPane";
import { askedOf, isReady, placeInDraft, type RoutingDraft } from "./routing";
import { SubscriptionForm } from "./SubscriptionForm";
import { SubscriptionList } from "./SubscriptionList";
import { isComplete, ownOfType, editOf, type SubscriptionEdit } from "./subscriptions";
import { useChosenEvent } from "./useChosenEvent";
import { usePreview } from "./useMapping";
import { useRoutingDraft } from "./useRoutingDraft";
import forms from "@/components/forms.module.css";
import styles from "./MappingsForm.module.css";

const TYPING_MS = 250;

interface Props {
  current: Versioned<Destination>;
  type: DestinationTypeDetails;
  onLoad: () => void;
}

/** Changes subscriptions and filters, with what would become of an event beside. */
export function MappingsForm({ current, type, onLoad }: Props) {
  const client = useQueryClient();
  const [params, changeParams] = useParams();
  const { base, draft, changes, isDirty, startFrom, edit: put } = useRoutingDraft(current, type);
  const { slug } = base.value;
  const save = useMutation({
    mutationFn: () => api.changeDestination(slug, changes, base.etag),
    onSuccess: async (changed) => {
      await takeIn(client, changed);
      startFrom(changed);
    },
  });
  const edit = (edited: Partial<RoutingDraft>) => {
    put(edited);
    save.reset();
  };
  const editSubscriptions = (subscriptions: SubscriptionEdit[]) =>
    edit({ subscriptions, isOfType: false });
  const open =
    draft.subscriptions.find((each) => each.slug === params.get("sub")) ?? draft.subscriptions[0];
  const chosen = useChosenEvent(open?.trigger ?? "");
  const asked = useMemo(() => askedOf(slug, draft), [slug, draft]);
  const [destination] = useDebouncedValue(asked.destination, TYPING_MS);
  const preview = usePreview(chosen.asked === null ? null : { destination, ...chosen.asked });
  const previews = new Map((preview.data ?? []).map((each) => [each.slug, each]));
  const wrong = save.error
    ? wrongPlace(save.error)
    : placeInDraft(wrongPlace(preview.error), asked);
  const isConflict = isOutdated(save.error) || (isDirty && current.etag !== base.etag);
  const load = () => {
    startFrom(current);
    save.reset();
    onLoad();
  };
  const isOpenComplete = open !== undefined && isComplete(open);
  return (
    <>
      <Section title="Subscriptions">
        <p className="muted">
          {draft.isOfType
            ? "These are the ones that its type comes with. What is changed here is this destination's own."
            : "Each one is for some events and makes something of them. An event may go to several."}
        </p>
        <SubscriptionList
          type={type}
          subscriptions={draft.subscriptions}
          open={open?.slug ?? null}
          previews={preview.isError ? NOTHING : previews}
          onOpen={(to) => changeParams({ sub: to }, { replace: true })}
          onChange={editSubscriptions}
          onReset={
            draft.isOfType
              ? null
              : () => edit({ isOfType: true, subscriptions: ownOfType(type).map(editOf) })
          }
        />
      </Section>
      {open && (
        <div className={styles["sides"]}>
          <Section title={open.name || open.slug}>
            <SubscriptionForm
              key={open.slug}
              subscription={open}
              action={type.actions.find((each) => each.slug === open.action)}
              event={chosen.event}
              problems={problemsOf(wrong, draft.subscriptions.indexOf(open))}
              onChange={(edited) =>
                editSubscriptions(
                  draft.subscriptions.map((each) =>
                    each.slug === open.slug ? { ...each, ...edited } : each,
                  ),
                )
              }
            />
          </Section>
          <PreviewPane
            chosen={chosen}
            preview={previews.get(open.slug)}
            problem={
              chosen.event === null
                ? "Choose an event, or write one."
                : isOpenComplete
                  ? preview.error && refusalWords(wrong, draft.subscriptions, preview.error)
                  : "It is shown once the mapping is complete."
            }
            isOld={preview.isPlaceholderData}
          />
        </div>
      )}
      <FilterList
        filters={draft.filters}
        wrong={wrong?.list === "filters" ? wrong : null}
        onChange={(filters) => edit({ filters })}
      />
      <DryRunSection asked={asked.destination} isReady={isReady(draft)} />
      <div className={styles["bar"]} data-dirty={isDirty || undefined}>
        {isConflict && <Conflict thing="this destination" onLoad={load} />}
        {save.error && !isOutdated(save.error) && (
          <Problem text={refusalWords(wrong, draft.subscriptions, save.error)} />
        )}
        <div className={`${forms["buttons"]} ${forms["left"]}`}>
          <Button
            disabled={!isDirty || !isReady(draft) || isConflict}
            loading={save.isPending}
            onClick={() => save.mutate()}
          >
            Save changes
          </Button>
          {isDirty && !isConflict && (
            <Button
              variant="default"
              onClick={() => {
                startFrom(current);
                save.reset();
              }}
            >
              Discard
            </Button>
          )}
          <span className={forms["saved"]} role="status">
            {save.isSuccess && !isDirty ? "Saved. It holds within two seconds." : ""}
          </span>
          <span className="muted">
            {isDirty && !isReady(draft) && "Something is not finished yet."}
          </span>
        </div>
      </div>
    </>
  );
}

const NOTHING = new Map<string, never>();

/** What is wrong with one subscription, by its parts. */
function problemsOf(wrong: WrongPlace | null, index: number): Record<string, string> {
  if (wrong?.list !== "subscriptions" || wrong.index !== index) return {};
  return { [wrong.rest]: wrong.message };
}

/** What is wrong, for beside; it is told at its place too. */
function refusalWords(
  wrong: WrongPlace | null,
  subscriptions: readonly SubscriptionEdit[],
  error: Error,
): string {
  if (wrong === null) return capitalised(error.message);
  if (wrong.list === "filters") return `Filter ${wrong.index + 1} is not right yet.`;
  const { name, slug } = subscriptions[wrong.index] ?? { name: "", slug: "" };
  return `“${name || slug}” is not right yet: ${wrong.message}`;
}
