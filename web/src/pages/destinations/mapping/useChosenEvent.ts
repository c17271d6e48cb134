import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import type { DestinationPreview, JsonObject, TrackedEvent } from "@/api/types";
import { eventIn, SAMPLE } from "../testing";
import { searchFor, sentEvent } from "./events";
import { useFoundEvents } from "./useMapping";

const TYPING_MS = 300;
export const OWN = "own";

/** The event that a mapping is tried on: a stored one, or one that somebody writes. */
export interface ChosenEvent {
  /** What was typed to find events; what the trigger is for unless somebody typed. */
  query: string;
  found: readonly TrackedEvent[];
  isPending: boolean;
  error: Error | null;
  /** The key of the chosen one; `OWN` for one's own. */
  key: string;
  /** One's own as it is typed, and what is wrong with it. */
  text: string;
  problem: string | null;
  /** As mappings see it; null where there is none. */
  event: JsonObject | null;
  /** How a preview names it. */
  asked: Pick<DestinationPreview, "event" | "message_id" | "source"> | null;
  onQuery: (query: string) => void;
  onKey: (key: string) => void;
  onText: (text: string) => void;
}

export const keyOf = (event: TrackedEvent): string => `${event.source}/${event.message_id}`;

/** Begins with the newest event that a trigger is for. */
export function useChosenEvent(trigger: string): ChosenEvent {
  const [typed, setTyped] = useState<string | null>(null);
  const [key, setKey] = useState("");
  const [text, setText] = useState(SAMPLE);
  const query = typed ?? searchFor(trigger);
  const [asked] = useDebouncedValue(query, TYPING_MS);
  const answer = useFoundEvents(asked);
  const found = answer.data?.events ?? [];
  const stored = found.find((each) => keyOf(each) === key) ?? found[0];
  const isOwn = key === OWN;
  const own = isOwn ? eventIn(text) : null;
  const event = isOwn
    ? typeof own === "string"
      ? null
      : own
    : stored === undefined
      ? null
      : sentEvent(stored);
  return {
    query,
    found,
    isPending: answer.isPending,
    error: answer.error,
    key: isOwn ? OWN : stored === undefined ? "" : keyOf(stored),
    text,
    problem: typeof own === "string" ? own : null,
    event,
    asked:
      event === null
        ? null
        : isOwn || stored === undefined
          ? { event }
          : { message_id: stored.message_id, source: stored.source },
    onQuery: setTyped,
    onKey: setKey,
    onText: setText,
  };
}
