export type Query = Record<string, unknown>;

/** Reads a query as Cal.com's server does: `+` is a space, a repeated name a list, `a[0][b]` nests. */
export function parseQuery(search: string): Query {
  const query: Query = empty();
  for (const pair of search.replace(/^\?/, "").split("&")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? "" : decode(pair.slice(at + 1));
    put(query, pathOf(name), value);
  }
  return Object.assign(
    empty(),
    Object.fromEntries(Object.entries(query).map(([name, value]) => [name, lists(value)])),
  );
}

/** A value from outside as text, as JavaScript would have it. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(",");
  return typeof value === "object" && value !== null ? "[object Object]" : String(value);
}

// Without a prototype: names come from outside.
const empty = (): Query => Object.create(null) as Query;

function decode(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Not percent-encoding after all: qs keeps the text as it is.
    return spaced;
  }
}

function pathOf(name: string): string[] {
  const match = /^([^[]+)((?:\[[^[\]]*\])+)$/.exec(name);
  if (!match) return [name];
  const [, head = "", rest = ""] = match;
  return [head, ...rest.slice(1, -1).split("][")].slice(0, 6);
}

function put(into: Query, path: string[], value: string): void {
  const [head = "", ...rest] = path;
  const existing = into[head];
  if (rest.length > 0) {
    const child = isQuery(existing) ? existing : (into[head] = empty());
    put(child, rest[0] === "" ? [String(Object.keys(child).length), ...rest.slice(1)] : rest, value);
  } else if (existing === undefined) into[head] = value;
  else into[head] = Array.isArray(existing) ? [...(existing as unknown[]), value] : [existing, value];
}

const isQuery = (value: unknown): value is Query =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Turns `{0: ..., 1: ...}` into lists. */
function lists(value: unknown): unknown {
  if (!isQuery(value)) return value;
  const entries = Object.entries(value);
  const inner = entries.map(([key, child]) => [key, lists(child)] as const);
  if (entries.length > 0 && entries.every(([key]) => /^\d{1,2}$/.test(key)))
    return inner.map(([, child]) => child);
  return Object.assign(empty(), Object.fromEntries(inner));
}
