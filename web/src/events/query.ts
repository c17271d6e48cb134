/** Pieces of a query, built from values that the reader clicks. */

/** The value as a phrase of the query language: any text, matched as a whole. */
export function phrase(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** A field's name, with the characters that the query language reads as its own escaped. */
export function fieldName(field: string): string {
  return field.replace(/[\s+\-!(){}[\]^"~*?:\\/&|<>=]/g, "\\$&");
}

function clause(field: string, value: string): string {
  return value === "" ? `NOT _exists_:${fieldName(field)}` : `${fieldName(field)}:${phrase(value)}`;
}

/** `text` narrowed by one more clause; what is more than clauses joined by AND gets parentheses. */
function and(text: string, added: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return added;
  const isConjunction = trimmed.split(" AND ").every((part) => CLAUSE.test(part));
  return `${isConjunction ? trimmed : `(${trimmed})`} AND ${added}`;
}

/** One clause: a word, or a field with a word or a phrase, each perhaps negated. */
const CLAUSE = /^(NOT )?([^\s"():]+|[^\s"()]+:("(\\.|[^"\\])*"|[^\s"()]+))$/;

export const filterBy = (text: string, field: string, value: string): string =>
  and(text, clause(field, value));

export function filterOut(text: string, field: string, value: string): string {
  const negated = value === "" ? `_exists_:${fieldName(field)}` : `NOT ${clause(field, value)}`;
  return and(text, negated);
}

export interface TailFilters {
  source: string;
  type: string;
  text: string;
}

/** The question whose answer is what a live tail with these filters would have shown before. */
export function queryOfFilters({ source, type, text }: TailFilters): string {
  let query = "";
  if (source) query = filterBy(query, "source", source);
  if (type) query = filterBy(query, "type", type);
  if (text) query = query === "" ? phrase(text) : `${query} AND ${phrase(text)}`;
  return query;
}
