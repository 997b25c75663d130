import { CalValidationError } from "../errors.js";

/**
 * Parses an absolute http or https URL without credentials; `null` for any other value.
 *
 * `URL` alone accepts too much: it takes "https:done", which a browser resolves against its own page, treats a backslash
 * as a slash, and drops line ends, which would end up in a Location header.
 */
export function parseHttpUrl(value: unknown): URL | null {
  if (typeof value !== "string" || !/^https?:\/\/[^\s\p{Cc}\\]+$/iu.test(value)) return null;
  if (!URL.canParse(value)) return null;
  const url = new URL(value);
  return url.username === "" && url.password === "" ? url : null;
}

/** Whether others on the network can read what is sent to this URL: http, and not to this machine. */
export function isInsecure({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && !/^((.+\.)?localhost\.?|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

/** Rejects a URL that is not https and leaves this machine, unless the application allows it. */
export function assertSecure(name: string, url: URL, allowInsecure: boolean): void {
  if (allowInsecure || !isInsecure(url)) return;
  throw new CalValidationError(
    `${name} must begin with https://. With http:// others on the network can read secrets, tokens and cookies. ` +
      "If it never leaves a network that you trust, give allowInsecure: true.",
  );
}
