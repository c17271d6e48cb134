import { useParams, useUrl } from "@/state/url";
import { AddDestination } from "./AddDestination";
import { DestinationList } from "./DestinationList";
import { DestinationPage } from "./DestinationPage";

const BELOW = "/destinations/";

/** All destinations, the one that the path names, or a new one. */
export function DestinationsPage() {
  const { path } = useUrl();
  const [params] = useParams();
  const slug = path.startsWith(BELOW) ? slugIn(path.slice(BELOW.length)) : "";
  const adding = params.get("add");
  if (slug !== "") return <DestinationPage key={slug} slug={slug} />;
  return adding === null ? <DestinationList /> : <AddDestination type={adding} />;
}

/** The slug of a path; one that is not encoded well is taken as it stands. */
function slugIn(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
