import { useParams, useUrl } from "@/state/url";
import { AddAlert } from "./AddAlert";
import { AlertList } from "./AlertList";
import { OneAlert } from "./OneAlert";

const BELOW = "/alerts/";

/** All delivery alerts, the one that the path names, or a new one. */
export function AlertsPage() {
  const { path } = useUrl();
  const [params] = useParams();
  const slug = path.startsWith(BELOW) ? path.slice(BELOW.length) : "";
  if (slug !== "") return <OneAlert key={slug} slug={slug} />;
  return params.get("add") === null ? <AlertList /> : <AddAlert />;
}
