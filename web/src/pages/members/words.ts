/** Members and invites in words. */

import type { Member, Role } from "@/api/types";
import { formatPast } from "@/format";
import type { Myself } from "@/state/me";

export const memberName = ({ name, email }: Pick<Member, "name" | "email">): string =>
  name || email;

/** How somebody signs in: "Password", "Single sign-on", both, or not yet. */
export function signInWords({ has_password: hasPassword, oidc }: Member): string {
  if (hasPassword && oidc) return "Password or single sign-on";
  if (hasPassword) return "Password";
  return oidc ? "Single sign-on" : "No way yet";
}

export const lastSignInWords = ({ signed_in_at: at }: Member, now: Date): string =>
  at === null ? "never" : formatPast(at, now);

/** Which sources a member of the role `source-only` sees: "web-shop, app and 2 more". */
export function sourcesWords(sources: readonly string[]): string {
  if (sources.length === 0) return "no source";
  const shown = sources.slice(0, 2).join(", ");
  return sources.length > 2 ? `${shown} and ${sources.length - 2} more` : shown;
}

/** The roles that somebody may give: owners are made by owners alone. */
export const rolesToGive = (me: Pick<Myself, "may">): readonly Role[] => {
  const below: Role[] = ["admin", "editor", "viewer", "source-only"];
  return me.may("owners:write") ? ["owner", ...below] : below;
};

/** Whether somebody may change a member at all. */
export const mayManage = (me: Pick<Myself, "may">, role: Role): boolean =>
  me.may("members:write") && (role !== "owner" || me.may("owners:write"));

const EMAIL = /^[^\s@]+@[^\s@]+$/;

/** What is wrong with an address at first sight, in words; null when nothing is. */
export function emailProblem(email: string): string | null {
  if (email === "") return "Give their e-mail address.";
  return EMAIL.test(email) ? null : "Give an address such as ada@example.org.";
}

/** What is wrong with the sources of a role, in words; null when nothing is. */
export const sourcesProblem = (role: Role, sources: readonly string[]): string | null =>
  role === "source-only" && sources.length === 0
    ? "Choose at least one source: with none they would see nothing."
    : null;
