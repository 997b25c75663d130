import type { RecordedClass } from "./recorded-class.js";
import type { Recorded } from "./recordings.js";

/** Texts that differ between runs. */
const VOLATILE = [
  /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/,
  /^ey[\w-]+\.[\w-]+\.[\w-]+$/,
  /^<\w+_#\d+_of_user_\d+>$/i,
  /^AQMkAD-/,
];

/** In some classes not every request was recorded, so that counts can't be equal. */
function isCompared(header: string, isCounted: boolean): boolean {
  if (header === "Location") return false;
  return isCounted || !/^X-RateLimit-(Remaining|Reset)-Default$/.test(header);
}

/** How a response differs from the recorded one. Empty if it doesn't. */
export async function differences(
  recorded: Recorded,
  response: Response,
  { isCounted = false, ownData = {} }: Pick<RecordedClass, "isCounted" | "ownData"> = {},
): Promise<string[]> {
  const { status, headers, body } = withOwnData(recorded.response, ownData);
  const found: string[] = [];
  const compare = (what: string, expected: unknown, actual: unknown): void => {
    if (expected !== actual) found.push(`${what}: ${String(actual)} instead of ${String(expected)}`);
  };
  const text = await response.text();
  compare("status", status, response.status);
  compare(
    "Location",
    withoutOrigin(headers["Location"] ?? null),
    withoutOrigin(response.headers.get("location")),
  );
  compare("Content-Type", headers["Content-Type"] ?? null, response.headers.get("content-type"));
  for (const name of Object.keys(headers).filter((name) => isCompared(name, isCounted))) {
    compare(name, headers[name], response.headers.get(name));
  }
  if (!("X-RateLimit-Limit-Default" in headers)) {
    compare("rate limit", null, response.headers.get("x-ratelimit-limit-default"));
  }
  if (body === "(long, left out)") return found;
  const actual: unknown = typeof body === "string" ? text : JSON.parse(text);
  if (typeof body === "string") compare("body", withoutOrigin(body), withoutOrigin(text));
  else found.push(...shapeDifferences(body, actual, "body"));
  return found;
}

/** Replaces data of the recorded server with that of the emulator. */
function withOwnData(response: Recorded["response"], ownData: Record<string, string>): Recorded["response"] {
  return JSON.parse(JSON.stringify(response), (_, value: unknown) =>
    typeof value === "string" ? (ownData[value] ?? value) : value,
  ) as Recorded["response"];
}

/** The recorded server had another origin. */
const withoutOrigin = (text: string | null): string | null =>
  text && text.replace(/https?:\/\/api\.cal\.example/g, "API");

/** Compares keys and types of all levels, texts unless they change with time, and of lists the first entry. */
function shapeDifferences(expected: unknown, actual: unknown, path: string): string[] {
  if (typeOf(expected) !== typeOf(actual))
    return [`${path}: ${typeOf(actual)} instead of ${typeOf(expected)}`];
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length === 0 || actual.length === 0) {
      return expected.length === actual.length
        ? []
        : [`${path}: ${actual.length} entries, not ${expected.length}`];
    }
    return shapeDifferences(expected[0], actual[0], `${path}[0]`);
  }
  if (typeof expected === "object" && expected !== null) {
    const [there, here] = [expected as Record<string, unknown>, actual as Record<string, unknown>];
    const keys = new Set([...Object.keys(there), ...Object.keys(here)]);
    return [...keys].flatMap((key) => {
      if (!(key in here)) return [`${path}.${key} is missing`];
      if (!(key in there)) return [`${path}.${key} is too much`];
      return shapeDifferences(there[key], here[key], `${path}.${key}`);
    });
  }
  if (typeof expected !== "string" || VOLATILE.some((pattern) => pattern.test(expected))) return [];
  const [there, here] = [comparable(expected), comparable(actual as string)];
  return there === here ? [] : [`${path}: ${here} instead of ${there}`];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

/**
 * Replaces ids and tokens, the provider's page, and V8's messages for invalid JSON. Of user names, the part that two
 * recordings disagree on: earlier ones end with the first label of the domain, later ones with the second.
 */
function comparable(text: string): string {
  return text
    .replace(/^https?:\/\/[^?]*(?=\?.*client_id=)/, "PAGE")
    .replace(/https?%3A%2F%2Fapi\.cal\.example/g, "API")
    .replace(/<\w+_#\d+_of_user_\d+>|ey[\w-]+\.[\w-]+\.[\w-]+/gi, "TOKEN")
    .replace(/\b(ID[= ]|users\/|connections\/|credentialId(?:\]|%5D)?=)-?\d+/g, "$1N")
    .replace(/^.*\bJSON\b.*$/s, "broken JSON")
    .replace(/^([\w-]+-client-[a-z]+)-[a-z]+$/, "$1")
    .replace(/^(evt|event)\d+$/, "EVENT")
    .replace(/^\d+$/, "N");
}
