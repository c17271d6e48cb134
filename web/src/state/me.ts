import { createContext, use } from "react";
import type { Me, Permission, Role } from "@/api/types";
import { capitalised } from "@/format";

/** The query key of who is signed in and what they may do. */
export const ME = ["me"] as const;

/** How long a change of somebody's role may stay unnoticed by a page that asks for nothing. */
export const ME_EVERY_MS = 60_000;

export const MeContext = createContext<Me | null>(null);

/** Who is signed in; `may` tells whether they have a permission. */
export interface Myself extends Me {
  may: (permission: Permission) => boolean;
}

export const withMay = (me: Me): Myself => ({
  ...me,
  may: (permission) => me.permissions.includes(permission),
});

/** Who is signed in. Every page has it; before the sign-in there is nobody. */
export function useMe(): Myself {
  const me = use(MeContext);
  if (me === null) throw new Error("useMe() is for what is shown to somebody who is signed in");
  return withMay(me);
}

/** The name that people know somebody by; who is no member has their token's. */
export const myName = (me: Me): string =>
  me.member?.name || me.member?.email || capitalised(me.actor);

export const ROLES: readonly { value: Role; label: string; about: string }[] = [
  { value: "owner", label: "Owner", about: "May do everything, and make or remove other owners." },
  { value: "admin", label: "Admin", about: "May do everything, except with owners." },
  {
    value: "editor",
    label: "Editor",
    about: "Sees events, changes sources and destinations, and sees who changed what.",
  },
  {
    value: "viewer",
    label: "Viewer",
    about: "Sees events, sources and destinations; changes nothing.",
  },
  {
    value: "source-only",
    label: "Source only",
    about: "Sees and changes the sources that are chosen for them, and no events.",
  },
];

export const roleLabel = (role: Role): string =>
  ROLES.find(({ value }) => value === role)?.label ?? role;

export const roleAbout = (role: Role): string =>
  ROLES.find(({ value }) => value === role)?.about ?? "";
