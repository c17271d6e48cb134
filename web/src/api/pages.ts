/** The cursor of the next page, from the answer's `Link` header (RFC 8288); null at the end. */
export function nextCursor(headers: Headers): string | null {
  const next = /<([^>]*)>;\s*rel="next"/.exec(headers.get("Link") ?? "")?.[1];
  if (next === undefined) return null;
  return new URLSearchParams(next.slice(next.indexOf("?") + 1)).get("cursor");
}
