/** Permissions in words, in the order in which people choose them. */

import type { Permission } from "@/api/types";

export interface PermissionWords {
  permission: Permission;
  label: string;
  about: string;
}

export interface PermissionGroup {
  title: string;
  permissions: readonly PermissionWords[];
}

const words = (permission: Permission, label: string, about: string): PermissionWords => ({
  permission,
  label,
  about,
});

export const GROUPS: readonly PermissionGroup[] = [
  {
    title: "Events",
    permissions: [
      words("events:read", "Read events", "Search, watch, chart and trace them, SQL included."),
      words("system:read", "Read the state of the system", "Status, counts and figures."),
    ],
  },
  {
    title: "Sources and destinations",
    permissions: [
      words("sources:read", "Read sources", "With their write keys, which let anybody send."),
      words("sources:write", "Change sources", "Make, change and delete them and their keys."),
      words("destinations:read", "Read destinations", "Without their secrets."),
      words("destinations:write", "Change destinations", "Make, change and delete them."),
    ],
  },
  {
    title: "People",
    permissions: [
      words("members:read", "Read members", "With roles, last sign-ins and open invites."),
      words("members:write", "Change members", "Invite, change and remove them."),
      words("owners:write", "Change owners", "Make and remove owners. Use with care."),
      words("tokens:read", "Read all tokens", "Whose they are and what they may do."),
      words("tokens:write", "Revoke all tokens", "Those of others too."),
      words("account", "Own account", "What is the maker's own: name, sessions and tokens."),
    ],
  },
  {
    title: "Workspace",
    permissions: [
      words("audit:read", "Read the audit log", "Who changed what, and when."),
      words("settings:read", "Read settings", "Name and limits of the workspace."),
      words("settings:write", "Change settings", "Name and limits of the workspace."),
      words("workspace:apply", "Workspace as a file", "Export and apply all of it at once."),
    ],
  },
];

const ALL: readonly PermissionWords[] = GROUPS.flatMap(({ permissions }) => permissions);

export const permissionLabel = (permission: Permission): string =>
  ALL.find((each) => each.permission === permission)?.label ?? permission;

/** The groups with what somebody has themselves; nobody gives what they have not. */
export const groupsFor = (held: readonly Permission[]): readonly PermissionGroup[] =>
  GROUPS.map(({ title, permissions }) => ({
    title,
    permissions: permissions.filter(({ permission }) => held.includes(permission)),
  })).filter(({ permissions }) => permissions.length > 0);

const isRead = (permission: Permission): boolean => permission.endsWith(":read");

export const readOnly = (held: readonly Permission[]): Permission[] => held.filter(isRead);

/** Chooses one or takes it back; whoever may change something may read it too. */
export function withChoice(
  chosen: readonly Permission[],
  permission: Permission,
  { isOn, held }: { isOn: boolean; held: readonly Permission[] },
): Permission[] {
  const others = chosen.filter((each) => each !== permission);
  if (!isOn) return others;
  const reading = permission.replace(/:write$/, ":read") as Permission;
  const added =
    reading !== permission && held.includes(reading) && !others.includes(reading)
      ? [reading, permission]
      : [permission];
  return [...others, ...added];
}

/** What a token may do, in a few words: "Read events, Read sources and 3 more". */
export function permissionsWords(permissions: readonly Permission[]): string {
  if (permissions.length === ALL.length) return "Everything";
  if (permissions.length > 2 && permissions.every(isRead)) {
    return `Read only, ${permissions.length} permissions`;
  }
  const labels = ALL.filter(({ permission }) => permissions.includes(permission)).map(
    ({ label }) => label,
  );
  const shown = labels.slice(0, 2).join(", ");
  return labels.length > 2 ? `${shown} and ${labels.length - 2} more` : shown;
}
