/** Subscriptions and filters of a destination as they are edited together. */

import type {
  Destination,
  DestinationChange,
  DestinationTypeDetails,
  PreviewedDestination,
} from "@/api/types";
import { sameJson } from "./choice";
import { filterEditOf, filterOf, filterProblems, type FilterEdit } from "./filters";
import type { WrongPlace } from "./places";
import {
  editOf,
  isComplete,
  ownOfType,
  subscriptionOf,
  type SubscriptionEdit,
} from "./subscriptions";

export interface RoutingDraft {
  /** Whether the subscriptions are those that the type comes with. */
  isOfType: boolean;
  subscriptions: readonly SubscriptionEdit[];
  filters: readonly FilterEdit[];
}

export function draftOf(destination: Destination, type: DestinationTypeDetails): RoutingDraft {
  const { subscriptions, filters } = destination;
  return {
    isOfType: subscriptions === null,
    subscriptions: (subscriptions ?? ownOfType(type)).map(editOf),
    filters: filters.map(filterEditOf),
  };
}

/** What would be saved: only what differs from the destination. */
export function changesOf(draft: RoutingDraft, base: RoutingDraft): DestinationChange {
  const wanted = savedOf(draft);
  const now = savedOf(base);
  return {
    ...(sameJson(wanted.subscriptions, now.subscriptions)
      ? {}
      : { subscriptions: wanted.subscriptions }),
    ...(sameJson(wanted.filters, now.filters) ? {} : { filters: wanted.filters }),
  };
}

const savedOf = ({ isOfType, subscriptions, filters }: RoutingDraft) => ({
  subscriptions: isOfType ? null : subscriptions.map(subscriptionOf),
  filters: filters.map(filterOf),
});

/** Whether all of it could be saved, as far as the form knows. */
export const isReady = ({ subscriptions, filters }: RoutingDraft): boolean =>
  subscriptions.every(isComplete) && filters.every(isFilterReady);

const isFilterReady = (filter: FilterEdit): boolean =>
  Object.keys(filterProblems(filter)).length === 0;

/** What is asked about; what is not finished is left out of the question. */
export interface Asked {
  destination: PreviewedDestination;
  /** The places in the draft of what is asked about. */
  places: Record<WrongPlace["list"], number[]>;
}

export function askedOf(slug: string, { subscriptions, filters }: RoutingDraft): Asked {
  const places = {
    subscriptions: indexesOf(subscriptions, isComplete),
    filters: indexesOf(filters, isFilterReady),
  };
  return {
    destination: {
      slug,
      subscriptions: subscriptions.filter(isComplete).map(subscriptionOf),
      filters: filters.filter(isFilterReady).map(filterOf),
    },
    places,
  };
}

const indexesOf = <T>(items: readonly T[], is: (item: T) => boolean): number[] =>
  items.flatMap((item, index) => (is(item) ? [index] : []));

/** The place in the draft of what a preview refused. */
export function placeInDraft(place: WrongPlace | null, { places }: Asked): WrongPlace | null {
  if (place === null) return null;
  const index = places[place.list][place.index];
  return index === undefined ? null : { ...place, index };
}
