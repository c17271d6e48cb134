import type { ComponentType } from "react";
import type { IconName } from "@/components/Icon";
import { ConnectPage } from "./connect/ConnectPage";
import { LivePage } from "./live/LivePage";
import { SearchPage } from "./search/SearchPage";
import { SourcesPage } from "./sources/SourcesPage";

/**
 * What the navigation shows: a new page is one entry here and one folder beside these.
 *
 * A page has the paths below its own too.
 */
export interface PageEntry {
  path: string;
  title: string;
  icon: IconName;
  /** The key after "g" that goes there. */
  key: string;
  Page: ComponentType;
}

const LIVE: PageEntry = { path: "/live", title: "Live", icon: "live", key: "l", Page: LivePage };

export const PAGES: readonly PageEntry[] = [
  LIVE,
  { path: "/search", title: "Search", icon: "search", key: "s", Page: SearchPage },
  { path: "/sources", title: "Sources", icon: "sources", key: "o", Page: SourcesPage },
  { path: "/connect", title: "Connect", icon: "connect", key: "c", Page: ConnectPage },
];

/** The page at a path; "/" and unknown paths lead to Live. */
export const pageAt = (path: string): PageEntry =>
  PAGES.find((page) => path === page.path || path.startsWith(`${page.path}/`)) ?? LIVE;
