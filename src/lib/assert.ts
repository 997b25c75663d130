import { CalValidationError } from "../errors.js";
import { parseHttpUrl } from "./http-url.js";

const DAY_MS = 24 * 60 * 60_000;

// No message here repeats the rejected value: it may be a secret in the wrong place.

/** An object. `what` names the fields that it must have. */
export function assertObject(name: string, value: unknown, what = "an object"): asserts value is object {
  if (typeof value !== "object" || value === null) throw new CalValidationError(`${name} must be ${what}.`);
}

/** Rejects unknown options: a misspelt one would be ignored. */
export function assertNames(options: object, known: readonly string[], path = ""): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new CalValidationError(`Unknown option ${path}${unknown}. There are: ${known.join(", ")}.`);
}

/** A string that is not empty. */
export function assertText(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || value.trim() === "") {
    throw new CalValidationError(`${name} must be a string that is not empty.`);
  }
}

/** The application's own id of a user: any text that every store can keep. */
export function assertUserId(value: unknown): asserts value is string {
  assertText("userId", value);
  // PostgreSQL's text holds no NUL, and lone surrogates have no UTF-8.
  if (value.includes("\0") || !value.isWellFormed()) {
    throw new CalValidationError("userId must not contain NUL characters or lone surrogates.");
  }
}

/** A whole number of 1 or more, as Cal.com's ids are. */
export function assertId(name: string, value: unknown): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new CalValidationError(`${name} must be a whole number of 1 or more.`);
  }
}

/** An absolute http or https URL without credentials. */
export function assertHttpUrl(name: string, value: unknown): asserts value is string {
  toHttpUrl(name, value);
}

/** Parses an absolute http or https URL without credentials. */
export function toHttpUrl(name: string, value: unknown): URL {
  const url = parseHttpUrl(value);
  if (url) return url;
  throw new CalValidationError(
    `${name} must be an absolute URL that begins with https:// or http:// and holds no user name or password.`,
  );
}

/** An e-mail address: one `@`, and no comma, which would split a list of addresses. */
export function assertEmail(value: unknown): asserts value is string {
  if (typeof value !== "string" || !/^[^\s\p{Cc}@,]+@[^\s\p{Cc}@,]+$/u.test(value)) {
    throw new CalValidationError('email must be an address such as "ada@example.com".');
  }
}

/** An IANA time zone that this runtime knows. */
export function assertTimeZone(name: string, value: unknown): asserts value is string {
  assertText(name, value);
  try {
    new Intl.DateTimeFormat("en", { timeZone: value });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CalValidationError(`${name} must be an IANA time zone such as "Europe/Berlin".`);
  }
}

/** An instant, given as a Date or in ISO 8601. Returns it in ISO 8601. */
export function toIsoInstant(name: string, value: unknown): string {
  const isDate = value instanceof Date;
  const date = isDate || isIsoText(value) ? new Date(value) : null;
  if (!date || Number.isNaN(date.getTime())) {
    throw new CalValidationError(
      `${name} must be a valid Date, or a string in ISO 8601 such as "2027-01-04T09:00:00Z".`,
    );
  }
  return isDate ? date.toISOString() : (value as string);
}

function isIsoText(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const match = /^(\d{4})-(\d{2})-(\d{2})(T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/.exec(value);
  // Date parses February 30th as March 2nd.
  const day = match && new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])));
  return day?.getUTCDate() === Number(match?.[3]);
}

/** Two instants, the first before the second. A date without a time means the whole day. */
export function toIsoRange(range: { from: unknown; to: unknown }): { from: string; to: string } {
  assertObject("The query", range);
  const from = toIsoInstant("from", range.from);
  const to = toIsoInstant("to", range.to);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(to);
  if (new Date(from).getTime() >= new Date(to).getTime() + (isDay ? DAY_MS : 0))
    throw new CalValidationError("from must be before to.");
  return { from, to };
}

/** A duration in milliseconds, within bounds. */
export function assertMs(
  name: string,
  value: unknown,
  bounds: { min: number; max: number },
): asserts value is number {
  if (typeof value !== "number" || !(value >= bounds.min && value <= bounds.max)) {
    throw new CalValidationError(
      `${name} must be a number of milliseconds from ${String(bounds.min)} to ${String(bounds.max)}.`,
    );
  }
}

/** The longest delay of `setTimeout`. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export function assertTimeoutMs(value: unknown): void {
  if (typeof value !== "number" || !(value >= 1 && value <= MAX_TIMEOUT_MS)) {
    throw new CalValidationError(
      `timeoutMs must be a number of milliseconds from 1 to ${String(MAX_TIMEOUT_MS)}.`,
    );
  }
}
