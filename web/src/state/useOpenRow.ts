import { useCallback, useRef } from "react";
import type { Row } from "@/events/rows";
import { useShortcuts } from "./shortcuts";
import { useParams } from "./url";

/**
 * Which row of a list is open, kept in the address as `event`, and the keys that move it.
 *
 * Moving replaces the address, so that Back leads out of the list and not through all its rows.
 */
export function useOpenRow(rows: readonly Row[]) {
  const [params, change] = useParams();
  const openKey = params.get("event");
  const found = rows.find((row) => row.key === openKey) ?? null;
  // A live list may push the row out while it is being read.
  const last = useRef<Row | null>(null);
  if (found) last.current = found;
  const row = found ?? (last.current?.key === openKey ? last.current : null);

  const open = useCallback(
    (opened: Row) => {
      const isMove = new URLSearchParams(location.search).has("event");
      change({ event: opened.key }, { replace: isMove });
    },
    [change],
  );
  const close = () => {
    if (openKey === null) return;
    change({ event: null }, { replace: true });
    // The focus was in the panel, or nowhere: it goes back to where the reader came from.
    requestAnimationFrame(() => {
      if (document.activeElement !== document.body) return;
      document.querySelector<HTMLElement>(`[data-key="${CSS.escape(openKey)}"]`)?.focus();
    });
  };
  const move = (step: 1 | -1) => {
    const index = rows.findIndex((candidate) => candidate.key === openKey);
    const next = rows[index < 0 ? 0 : index + step];
    if (next) open(next);
  };
  useShortcuts([
    { keys: ["ArrowDown", "j"], label: "Next event", group: "List", run: () => move(1) },
    { keys: ["ArrowUp", "k"], label: "Event before", group: "List", run: () => move(-1) },
    {
      keys: ["Enter"],
      label: "Open the first event",
      group: "List",
      run: () => openKey === null && rows[0] && open(rows[0]),
    },
    { keys: ["Escape"], label: "Close the event", group: "List", run: close },
  ]);
  return { openKey, row, open, close, move };
}
