import { Checkbox } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/calls";
import type { CheckAnswer, DestinationCheck } from "@/api/types";
import { requireGood } from "./checkWords";
import { checkKey } from "./useDestinations";

type Settings = NonNullable<DestinationCheck["settings"]>;

export interface CheckingFirst {
  isWanted: boolean;
  want: (isWanted: boolean) => void;
  /** What the last check found. */
  answer: CheckAnswer | null;
  /** Checks settings where that is wanted; throws `CheckFailed` where they do not work. */
  first: (settings: Settings) => Promise<void>;
  forget: () => void;
}

interface Of {
  type: string;
  slug: string;
  /** Else the destination is there, with secrets that stay where nobody touched them. */
  isNew?: boolean;
}

/** Checks settings before they are saved, and keeps what was looked at. */
export function useCheckFirst({ type, slug, isNew = false }: Of): CheckingFirst {
  const client = useQueryClient();
  const [isWanted, setWanted] = useState(true);
  const [answer, setAnswer] = useState<CheckAnswer | null>(null);
  const first = async (settings: Settings) => {
    setAnswer(null);
    if (!isWanted) return;
    const found = await api.checkSettings({ ...(isNew ? { type } : { slug }), settings });
    setAnswer(found);
    requireGood(found);
    client.setQueryData(checkKey(slug), found);
  };
  return { isWanted, want: setWanted, answer, first, forget: () => setAnswer(null) };
}

export function CheckFirst({ check }: { check: CheckingFirst }) {
  return (
    <Checkbox
      label="Check the connection first"
      description="Nothing is saved where it does not work. No event is sent."
      checked={check.isWanted}
      onChange={(event) => check.want(event.currentTarget.checked)}
    />
  );
}
