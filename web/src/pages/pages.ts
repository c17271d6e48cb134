import type { ComponentType } from "react";
import type { Permission } from "@/api/types";
import type { IconName } from "@/components/Icon";
import type { Myself } from "@/state/me";
import { AccountPage } from "./account/AccountPage";
import { AlertsPage } from "./alerts/AlertsPage";
import { AuditPage } from "./audit/AuditPage";
import { ConnectPage } from "./connect/ConnectPage";
import { DestinationsPage } from "./destinations/DestinationsPage";
import { LivePage } from "./live/LivePage";
import { MembersPage } from "./members/MembersPage";
import { SearchPage } from "./search/SearchPage";
import { SettingsPage } from "./settings/SettingsPage";
import { SourcesPage } from "./sources/SourcesPage";
import { TokensPage } from "./tokens/TokensPage";

/** The groups of the navigation, in their order. */
export const GROUPS = ["Events", "Pipeline", "Workspace"] as const;

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
  /** null for a page that the user menu leads to, and the navigation does not. */
  group: (typeof GROUPS)[number] | null;
  /** Who lacks it does not find the page, and is told so at its address. */
  permission?: Permission;
  Page: ComponentType;
}

export const PAGES: readonly PageEntry[] = [
  {
    path: "/live",
    title: "Live",
    icon: "live",
    key: "l",
    group: "Events",
    permission: "events:read",
    Page: LivePage,
  },
  {
    path: "/search",
    title: "Search",
    icon: "search",
    key: "s",
    group: "Events",
    permission: "events:read",
    Page: SearchPage,
  },
  {
    path: "/sources",
    title: "Sources",
    icon: "sources",
    key: "o",
    group: "Pipeline",
    permission: "sources:read",
    Page: SourcesPage,
  },
  {
    path: "/destinations",
    title: "Destinations",
    icon: "destinations",
    key: "d",
    group: "Pipeline",
    permission: "destinations:read",
    Page: DestinationsPage,
  },
  {
    path: "/alerts",
    title: "Alerts",
    icon: "bell",
    key: "r",
    group: "Pipeline",
    permission: "destinations:read",
    Page: AlertsPage,
  },
  {
    path: "/connect",
    title: "Connect",
    icon: "connect",
    key: "c",
    group: "Pipeline",
    permission: "sources:read",
    Page: ConnectPage,
  },
  {
    path: "/members",
    title: "Members",
    icon: "members",
    key: "m",
    group: "Workspace",
    permission: "members:read",
    Page: MembersPage,
  },
  {
    path: "/tokens",
    title: "Tokens",
    icon: "key",
    key: "t",
    group: "Workspace",
    permission: "account",
    Page: TokensPage,
  },
  {
    path: "/audit",
    title: "Audit log",
    icon: "history",
    key: "a",
    group: "Workspace",
    permission: "audit:read",
    Page: AuditPage,
  },
  {
    path: "/settings",
    title: "Settings",
    icon: "settings",
    key: ",",
    group: "Workspace",
    permission: "settings:read",
    Page: SettingsPage,
  },
  {
    path: "/account",
    title: "Account",
    icon: "user",
    key: "u",
    group: null,
    Page: AccountPage,
  },
];

export const maySee = (me: Myself, page: PageEntry): boolean =>
  page.permission === undefined || me.may(page.permission);

/** The first page that somebody may see: where "/" and unknown paths lead. */
export const homeOf = (me: Myself): PageEntry => {
  const home = PAGES.find((page) => maySee(me, page));
  if (home === undefined) throw new Error("everybody may see the Account page");
  return home;
};

/** The page at a path, whether or not they may see it. */
export const pageAt = (path: string, me: Myself): PageEntry =>
  PAGES.find((page) => path === page.path || path.startsWith(`${page.path}/`)) ?? homeOf(me);
