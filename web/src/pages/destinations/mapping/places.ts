/** Where in the subscriptions and filters the server finds something wrong. */

import { ApiError } from "@/api/client";
import { capitalised } from "@/format";

export interface WrongPlace {
  list: "subscriptions" | "filters";
  index: number;
  /** Below the item, such as `trigger` or `mapping.data`. */
  rest: string;
  message: string;
}

const PLACE = /^(?:destination\.)?(subscriptions|filters)\[(\d+)\]\.?(.*)$/;

/** The place of a refusal; null where it is about something else. */
export function wrongPlace(error: Error | null): WrongPlace | null {
  if (!(error instanceof ApiError)) return null;
  const field = error.problem.field ?? "";
  const match = PLACE.exec(field);
  if (match === null) return null;
  const [, list = "", index = "", rest = ""] = match;
  const { detail } = error.problem;
  const begin = `${field.replace(/^destination\./, "")}: `;
  return {
    list: list as WrongPlace["list"],
    index: Number(index),
    rest,
    message: detail.startsWith(begin) ? detail.slice(begin.length) : detail,
  };
}

/** A message by itself: one that begins with a path stays as it is. */
export const sentence = (message: string): string =>
  /^\p{L}+ /u.test(message) ? capitalised(message) : message;
