import { useUrl } from "@/state/url";
import { SourceList } from "./SourceList";
import { SourcePage } from "./SourcePage";

const BELOW = "/sources/";

/** All sources, or the one that the path names. */
export function SourcesPage() {
  const { path } = useUrl();
  const slug = path.startsWith(BELOW) ? slugIn(path.slice(BELOW.length)) : "";
  return slug === "" ? <SourceList /> : <SourcePage key={slug} slug={slug} />;
}

/** The slug of a path; one that is not encoded well is taken as it stands. */
function slugIn(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
