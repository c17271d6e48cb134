/** The query key of "is anybody signed in": set when signing in, reset by any answer of 401. */
export const SESSION = ["session"] as const;
