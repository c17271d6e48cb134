import type { Calls } from "./schema";
import type { Problem } from "./types";

const TIMEOUT_MS = 30_000;

/** An answer that is not 2xx, or none at all (`status` 0). */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ApiError";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }
}

type Listener = () => void;
const signedOutListeners = new Set<Listener>();
const notAllowedListeners = new Set<Listener>();

/** Calls `listener` whenever the server says that nobody is signed in; returns how to stop. */
export function onSignedOut(listener: Listener): Listener {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

/** Calls `listener` whenever the server refuses what the reader may not do; returns how to stop. */
export function onNotAllowed(listener: Listener): Listener {
  notAllowedListeners.add(listener);
  return () => notAllowedListeners.delete(listener);
}

export type CallName = keyof Calls;

type Part<N extends CallName, P extends "path" | "query" | "body"> = Calls[N][P] extends null
  ? { [K in P]?: never }
  : Record<never, never> extends Calls[N][P]
    ? { [K in P]?: Calls[N][P] }
    : { [K in P]: Calls[N][P] };

/** What a call takes, by the description of the API; parameters that are "" are left out. */
export type Given<N extends CallName> = Part<N, "path"> &
  Part<N, "query"> &
  Part<N, "body"> & {
    signal?: AbortSignal | undefined;
    headers?: Record<string, string>;
  };

type Arguments<N extends CallName> =
  Record<never, never> extends Given<N> ? [given?: Given<N>] : [given: Given<N>];

export interface Answer<T> {
  body: T;
  headers: Headers;
}

/** Asks the API and returns the decoded answer alone, null where it has no body; see `exchange`. */
export async function call<N extends CallName>(
  name: N,
  ...given: Arguments<N>
): Promise<Calls[N]["answer"]> {
  return (await exchange(name, ...given)).body;
}

/**
 * Asks the API and returns the decoded answer with its headers.
 *
 * @throws ApiError for every refusal, and with status 0 when no answer came.
 */
export async function exchange<N extends CallName>(
  name: N,
  ...[given]: Arguments<N>
): Promise<Answer<Calls[N]["answer"]>> {
  const { body, signal, headers: added } = (given ?? {}) as Loose;
  const [method = "", template = ""] = name.split(" ");
  const path = addressOf(template, (given ?? {}) as Loose);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const headers: Record<string, string> = { Accept: "application/json", ...added };
  if (method !== "GET") headers["X-Tailrace-Request"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw noAnswer(timeout.aborted);
  }
  if (!response.ok) {
    const problem = problemOf(response, text);
    if (problem.status === 401 && template !== "/session") tell(signedOutListeners);
    if (problem.status === 403 && template !== "/me") tell(notAllowedListeners);
    throw new ApiError(problem);
  }
  return {
    body: (text === "" ? null : JSON.parse(text)) as Calls[N]["answer"],
    headers: response.headers,
  };
}

type Value = string | number | boolean | null | undefined;

/** `Given` of any call. */
interface Loose {
  path?: Record<string, Value>;
  query?: Record<string, Value>;
  body?: unknown;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
}

function addressOf(template: string, { path = {}, query = {} }: Loose): string {
  const address = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(path[name])),
  );
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null && value !== undefined) asked.set(name, String(value));
  }
  return asked.size === 0 ? address : `${address}?${asked}`;
}

function tell(listeners: ReadonlySet<Listener>): void {
  for (const listener of listeners) listener();
}

function noAnswer(isTimeout: boolean): ApiError {
  return new ApiError({
    type: "no-answer",
    title: "No answer",
    status: 0,
    detail: isTimeout
      ? `The server did not answer within ${TIMEOUT_MS / 1000} s.`
      : `${location.host} cannot be reached. Check that Tailrace runs there and that this device is connected, then try again.`,
  });
}

/** The problem document, or one made from the status where a proxy answered with something else. */
function problemOf(response: Response, text: string): Problem {
  if (response.headers.get("Content-Type")?.includes("json")) {
    try {
      const problem = JSON.parse(text) as Partial<Problem>;
      if (typeof problem.detail === "string") {
        return { type: "", title: "", ...problem, detail: problem.detail, status: response.status };
      }
    } catch {
      // Not JSON after all: described by its status below.
    }
  }
  return {
    type: "unknown",
    title: response.statusText,
    status: response.status,
    detail: `The server answered ${response.status} ${response.statusText}`.trim() + ".",
  };
}
