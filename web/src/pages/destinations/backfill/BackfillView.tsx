import type { Destination, Subscription } from "@/api/types";
import { Section } from "@/components/Section";
import { useMe } from "@/state/me";
import { useParams } from "@/state/url";
import { BackfillForm } from "./BackfillForm";
import { BackfillHistory } from "./BackfillHistory";
import { OneBackfill } from "./OneBackfill";

interface Props {
  destination: Destination;
  subscriptions: readonly Subscription[];
}

/** Sends the past to a destination: a new backfill, those that there were, or one of them. */
export function BackfillView({ destination, subscriptions }: Props) {
  const me = useMe();
  const [params] = useParams();
  const id = Number(params.get("backfill") ?? "");
  if (Number.isSafeInteger(id) && id > 0) {
    return <OneBackfill key={id} destination={destination} id={id} />;
  }
  return (
    <>
      {me.may("destinations:write") && (
        <Section title="Send the past">
          <BackfillForm destination={destination} subscriptions={subscriptions} />
        </Section>
      )}
      <Section title="Backfills">
        <BackfillHistory slug={destination.slug} />
      </Section>
    </>
  );
}
