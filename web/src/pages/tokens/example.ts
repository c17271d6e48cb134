/** A first call with a new token, for copying into a terminal. */

import type { Permission } from "@/api/types";

/** What the first call asks for, by the first permission that the token has. */
const PATHS: readonly [Permission, string][] = [
  ["events:read", "/api/v1/fields"],
  ["sources:read", "/api/v1/sources"],
  ["destinations:read", "/api/v1/destinations"],
  ["system:read", "/api/v1/status"],
  ["audit:read", "/api/v1/audit-log"],
  ["members:read", "/api/v1/members"],
  ["settings:read", "/api/v1/settings"],
  ["workspace:apply", "/api/v1/workspace/export"],
  ["account", "/api/v1/me"],
];

/** null for a token that may only change things: there is no call to try it with. */
export function curlExample(
  origin: string,
  token: string,
  permissions: readonly Permission[],
): string | null {
  const path = PATHS.find(([permission]) => permissions.includes(permission))?.[1];
  if (path === undefined) return null;
  return `export TAILRACE_TOKEN='${token}'\ncurl -H "Authorization: Bearer $TAILRACE_TOKEN" \\\n  ${origin}${path}`;
}
