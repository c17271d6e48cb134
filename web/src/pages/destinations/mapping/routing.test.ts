import { expect, test } from "vitest";
import type { Destination, DestinationTypeDetails } from "@/api/types";
import { askedOf, changesOf, draftOf, isReady, placeInDraft } from "./routing";
import { newFilter } from "./filters";

const TYPE = {
  actions: [{ slug: "send", name: "Send", trigger: "all" }],
} as unknown as DestinationTypeDetails;
const HOOK = { slug: "hook", subscriptions: null, filters: [] } as unknown as Destination;

test("a destination without subscriptions of its own shows those of its type", () => {
  const draft = draftOf(HOOK, TYPE);

  expect(draft.subscriptions.map(({ slug }) => slug)).toEqual(["send"]);
  expect(changesOf(draft, draftOf(HOOK, TYPE))).toEqual({});
});

test("only what was changed is saved", () => {
  const base = draftOf(HOOK, TYPE);
  const renamed = base.subscriptions.map((each) => ({ ...each, name: "All" }));

  expect(changesOf({ ...base, isOfType: false, subscriptions: renamed }, base)).toEqual({
    subscriptions: [
      { slug: "send", action: "send", name: "All", enabled: true, trigger: "all", mapping: {} },
    ],
  });
});

test("what is not finished is left out of the question, and places stay those of the form", () => {
  const draft = {
    ...draftOf(HOOK, TYPE),
    filters: [newFilter(), { ...newFilter(), condition: "typo(" }],
  };
  const asked = askedOf("hook", draft);
  const place = { list: "filters", index: 0, rest: "if", message: "" } as const;

  expect(isReady(draft)).toBe(false);
  expect(asked.destination.filters).toHaveLength(1);
  expect(placeInDraft(place, asked)?.index).toBe(1);
});
