import { CalValidationError } from "../errors.js";
import type { QueryValue } from "./request.js";

/** The URL of a call: fills in the path's template and percent-encodes each value. */
export function callUrl(
  baseUrl: string,
  path: string,
  params: Record<string, string | number> = {},
  query: Record<string, QueryValue> = {},
): string {
  const pathname = path.replace(/\{(\w+)\}/g, (_, name: string) => segment(name, params[name]));
  const search = Object.entries(query)
    .filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined)
    .map(([name, value]) => `${encode(name)}=${encode(String(value))}`)
    .join("&");
  return baseUrl + pathname + (search && `?${search}`);
}

function segment(name: string, value: string | number | undefined): string {
  const text = String(value ?? "");
  // URL parsers remove "." and ".." from a path, even percent-encoded.
  if (text === "" || text === "." || text === "..") {
    throw new CalValidationError(`${name} must not be empty, "." or "..".`);
  }
  return encode(text);
}

// A lone surrogate can't be encoded; it becomes U+FFFD, as in URLSearchParams.
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
