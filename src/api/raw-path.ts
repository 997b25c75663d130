import { CalValidationError } from "../errors.js";

/** The characters of a path: those of RFC 3986, section 3.3, and braces for parameters. No backslash, query or fragment. */
const pathCharacters = /^(?:\/[\w\-.~!$&'()*+,;=:@%{}]+)+\/?$/;

/**
 * Refuses a path that may leave the base URL, or that a server behind a proxy may read in another way. Returns it as it
 * stands below the base URL.
 */
export function assertPath(
  path: unknown,
  params: Readonly<Record<string, unknown>>,
  baseUrl: string,
): string {
  if (typeof path !== "string" || !pathCharacters.test(path)) {
    throw invalid('must begin with one "/" and be percent-encoded, without a query: use query and params.');
  }
  if (hasDotSegment(path)) throw invalid('must not have "." or ".." as a segment, encoded or not.');
  for (const [, name = ""] of path.matchAll(/\{([^{}]*)\}/g)) {
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    if (typeof value !== "string" && !Number.isFinite(value)) {
      throw new CalValidationError(`params must have a string or a number for each parameter of the path.`);
    }
  }
  if (/[{}]/.test(path.replace(/\{\w+\}/g, "")))
    throw invalid("has a brace that is no parameter like {name}.");
  // Cal.com's reference shows paths with the version, and the base URL ends in it.
  return /\/v2$/.test(baseUrl) ? path.replace(/^\/v2(?=\/.)/, "") : path;
}

/** Also one that appears when the path is decoded, once or several times, or that is behind an encoded slash. */
function hasDotSegment(path: string): boolean {
  let decoded = path;
  for (;;) {
    if (/[\\\p{Cc}]/u.test(decoded)) return true;
    if (decoded.split("/").some((segment) => /^\.{1,2}(?:;.*)?$/.test(segment))) return true;
    const next = decode(decoded);
    if (next === decoded) return false;
    decoded = next;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw invalid("has an invalid percent-encoding.");
  }
}

// Of words only. Anything else may be an id or an address, which hooks, errors and traces must not show.
const word = /^(?:[a-z]+(?:-[a-z]+)*\d?|\{\w+\})$/;
const MAX_WORD_LENGTH = 30;

/** The path as a template: its values become parameters, also those that the caller wrote into the path. */
export function templateOf(
  path: string,
  params: Readonly<Record<string, string | number>>,
): { path: string; values: Record<string, string | number> } {
  const values: Record<string, string | number> = {};
  const segments = path.split("/").map((segment, index) => {
    if (segment === "" || (segment.length <= MAX_WORD_LENGTH && word.test(segment))) {
      const [, name] = /^\{(\w+)\}$/.exec(segment) ?? [];
      if (name !== undefined) values[name] = params[name] ?? "";
      return segment;
    }
    let name = `value${String(index)}`;
    while (Object.hasOwn(params, name)) name += "_";
    // An encoded brace is a character of the value, and no parameter.
    values[name] = segment.replace(/\{(\w+)\}|[^{]+/g, (text, inner?: string) =>
      inner === undefined ? decode(text) : String(params[inner]),
    );
    return `{${name}}`;
  });
  return { path: segments.join("/"), values };
}

function invalid(problem: string): CalValidationError {
  return new CalValidationError(`path ${problem}`);
}
