import type { Permission } from "@/api/types";

/** What each permission allows, in the order in which people look for them. */
export const PERMISSION_WORDS: readonly { permission: Permission; words: string }[] = [
  { permission: "account", words: "Manage your own account and API tokens" },
  { permission: "events:read", words: "Watch, search and trace events" },
  { permission: "system:read", words: "See how the system is doing" },
  { permission: "sources:read", words: "See sources and their write keys" },
  { permission: "sources:write", words: "Change sources and their write keys" },
  { permission: "destinations:read", words: "See destinations" },
  { permission: "destinations:write", words: "Change destinations" },
  { permission: "members:read", words: "See members and invites" },
  { permission: "members:write", words: "Invite, change and remove members" },
  { permission: "owners:write", words: "Make, change and remove owners" },
  { permission: "tokens:read", words: "See the API tokens of everybody" },
  { permission: "tokens:write", words: "Revoke the API tokens of everybody" },
  { permission: "audit:read", words: "See who changed what" },
  { permission: "settings:read", words: "See the settings of the workspace" },
  { permission: "settings:write", words: "Change the settings of the workspace" },
  { permission: "workspace:apply", words: "Read and apply the workspace as a file" },
];
