import { ApiError } from "@/api/client";
import { capitalised } from "@/format";

/** Whether somebody else changed it since it was read. */
export const isOutdated = (error: Error | null): boolean =>
  error instanceof ApiError && error.status === 412;

export const isNotFound = (error: Error | null): boolean =>
  error instanceof ApiError && error.status === 404;

/** What the server says about one field; null when its problem is another one. */
export function problemAt(field: string, error: Error | null): string | null {
  if (!(error instanceof ApiError) || error.problem.field !== field) return null;
  const { detail } = error.problem;
  const prefix = `${field}: `;
  return capitalised(detail.startsWith(prefix) ? detail.slice(prefix.length) : detail);
}

/** A problem that none of the fields of a form can show; null when there is none. */
export function problemBeside(fields: readonly string[], error: Error | null): string | null {
  if (error === null || isOutdated(error)) return null;
  const field = error instanceof ApiError ? error.problem.field : undefined;
  return field !== undefined && fields.includes(field) ? null : capitalised(error.message);
}
