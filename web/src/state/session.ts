import type { QueryClient } from "@tanstack/react-query";
import { api } from "@/api/calls";
import type { Session } from "@/api/types";

/** The query key of "is anybody signed in": set when signing in, reset by any answer of 401. */
export const SESSION = ["session"] as const;

/** Shows the app to who has just signed in. */
export function markSignedIn(client: QueryClient): void {
  // What somebody else saw in this browser before is not theirs to see.
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION[0] });
  client.setQueryData<Session>(SESSION, (known) => ({
    password: known?.password ?? true,
    oidc: known?.oidc ?? null,
    signed_in: true,
  }));
}

/** Shows the sign-in page, once the server said that nobody is signed in. */
export function markSignedOut(client: QueryClient): void {
  const known = client.getQueryData<Session>(SESSION);
  if (known) client.setQueryData<Session>(SESSION, { ...known, signed_in: false });
  // The ways to sign in may be others by now.
  void client.invalidateQueries({ queryKey: SESSION });
}

/** Ends the session of this browser, and leaves the app whatever the server said. */
export async function signOut(client: QueryClient): Promise<void> {
  try {
    await api.signOut();
  } finally {
    leave(client);
  }
}

/** Leaves the app for the sign-in page, with nothing of the events in this browser's memory. */
export function leave(client: QueryClient): void {
  client.clear();
  location.assign("/");
}
