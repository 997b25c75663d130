import qs from "qs";

export type Query = Record<string, unknown>;

/**
 * Parses a query or a form as Cal.com's server does (Express with `qs`): `a[0][b]` nests, a repeated name is a
 * list, and a list of more than 20 entries becomes an object.
 */
export function parseQuery(search: string): Query {
  return qs.parse(search.replace(/^\?/, ""), { allowPrototypes: true });
}

/** A value of a query or of JSON as text, by JavaScript's own conversion. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(",");
  return typeof value === "object" && value !== null ? "[object Object]" : String(value);
}
