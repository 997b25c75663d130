import { CalValidationError } from "../errors.js";
import { toHttpUrl } from "../lib/assert.js";

/** Rejects what is no list of scopes. Unknown ones are for Cal.com to refuse. */
export function assertScopes(name: string, scopes: unknown): asserts scopes is readonly string[] {
  const isList =
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === "string" && /^[A-Z][A-Z0-9_]*$/.test(scope));
  if (!isList) throw new CalValidationError(`${name} must be a list of scopes such as ["APPS_READ"].`);
}

/** Rejects a redirect URI that Cal.com does not register (RFC 6749, section 3.1.2: no fragment). */
export function assertRedirectUri(name: string, value: unknown): asserts value is string {
  if (!toHttpUrl(name, value).href.includes("#")) return;
  throw new CalValidationError(`${name} must not have a fragment.`);
}
