import { useEffect, useState } from "react";
import type { Row } from "@/events/rows";

const CELEBRATION_MS = 2600;

/** `waiting` for the first event ever, `arrived` for a moment of green, then the `list`. */
export type Phase = "unknown" | "waiting" | "arrived" | "list";

interface Known {
  /** null until the server has told. */
  hasEvents: boolean | null;
  rows: readonly Row[];
}

export function useFirstEvent({ hasEvents, rows }: Known): Phase {
  const [phase, setPhase] = useState<Phase>("unknown");
  const next = nextPhase(phase, { hasEvents, rows });
  if (next !== phase) setPhase(next);
  useEffect(() => {
    if (phase !== "arrived") return;
    const timer = setTimeout(() => setPhase("list"), CELEBRATION_MS);
    return () => clearTimeout(timer);
  }, [phase]);
  return next;
}

function nextPhase(phase: Phase, { hasEvents, rows }: Known): Phase {
  if (phase === "unknown") {
    if (hasEvents === null) return "unknown";
    return hasEvents || rows.length > 0 ? "list" : "waiting";
  }
  if (phase === "waiting" && rows.length > 0) {
    // An event that was set aside is no reason to be glad: the list says what is wrong with it.
    return rows.at(-1)?.kind === "event" ? "arrived" : "list";
  }
  return phase;
}
