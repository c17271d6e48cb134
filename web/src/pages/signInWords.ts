/** Why a sign-in failed, in words that say what to do. */

import { ApiError } from "@/api/client";
import { formatDuration } from "@/format";
import type { SignInWay } from "@/state/signInWay";

const WAIT_S = 60;

/** What a refusal of too many attempts says; null for other errors. */
export function tooManyWords(error: Error | null): string | null {
  if (!(error instanceof ApiError) || error.status !== 429) return null;
  const wait = formatDuration(Math.ceil(error.problem.retry_after_s ?? WAIT_S) * 1000);
  return `Too many attempts. Wait ${wait}, then try again.`;
}

export function signInProblem(error: Error | null, way: SignInWay): string | null {
  if (error === null) return null;
  if (error instanceof ApiError && error.status === 401) {
    return way === "token"
      ? "This token is not valid. Copy it whole, from “trt_” to its end."
      : "The e-mail or the password is not right.";
  }
  return tooManyWords(error) ?? error.message;
}

const REFUSALS: Record<string, string> = {
  cancelled: "You went back before the sign-in was done.",
  expired: "The sign-in took too long, or was begun in another browser. Try again.",
  provider: "Your organisation's sign-in did not answer as it should. Try again, or tell an admin.",
  "not-verified":
    "Your organisation has not verified your e-mail address, so nobody knows that it is yours.",
  "not-member": "You are no member here yet. Ask an admin to invite you, then sign in again.",
};

/** Why the organisation's sign-in led nowhere, by the code that the server gave the address. */
export const refusalWords = (code: string): string =>
  REFUSALS[code] ?? "Signing in did not work. Try again, or sign in another way.";
