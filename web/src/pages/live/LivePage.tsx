import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/calls";
import { EventPanel } from "@/components/panel/EventPanel";
import { Failure, Waiting } from "@/components/states";
import { WithPanel } from "@/components/WithPanel";
import { wordsOf } from "@/events/rows";
import { ConnectGuide } from "@/pages/connect/ConnectGuide";
import { useMe } from "@/state/me";
import { useLiveTail } from "@/state/useLiveTail";
import { useOpenRow } from "@/state/useOpenRow";
import { useParams } from "@/state/url";
import { FirstEvent } from "./FirstEvent";
import { LiveList } from "./LiveList";
import { useFirstEvent } from "./useFirstEvent";

/** Events as they arrive; before the first one, how to send it. */
export function LivePage() {
  const [params] = useParams();
  const filters = {
    source: params.get("source") ?? "",
    type: params.get("type") ?? "",
    text: params.get("text") ?? "",
  };
  const live = useLiveTail(filters);
  const me = useMe();
  const maySeeStatus = me.may("system:read");
  const status = useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => api.status(signal),
    enabled: maySeeStatus,
  });
  const hasEvents = maySeeStatus ? (status.data?.has_events ?? null) : true;
  const phase = useFirstEvent({ hasEvents, rows: live.rows });
  const { openKey, row, open, close, move } = useOpenRow(live.rows);

  if (status.isError) {
    return <Failure error={status.error} onRetry={() => void status.refetch()} isWholePage />;
  }
  if (phase === "unknown") return <Waiting label="Loading the live events" />;
  if (phase !== "list") {
    return (
      <ConnectGuide title="Send your first event">
        <FirstEvent arrived={phase === "arrived" ? wordsOf(live.rows.at(-1)) : null}>
          This page notices by itself. No app at hand? Run <code>tailrace demo</code> beside the
          server.
        </FirstEvent>
      </ConnectGuide>
    );
  }
  return (
    <WithPanel
      panel={openKey && <EventPanel openKey={openKey} row={row} onClose={close} onMove={move} />}
    >
      <h1 className="visually-hidden">Live events</h1>
      <LiveList live={live} filters={filters} openKey={openKey} onOpen={open} />
    </WithPanel>
  );
}
