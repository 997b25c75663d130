import { CalValidationError } from "../errors.js";

const DAY_MS = 24 * 60 * 60_000;

// No message of this file repeats the value it refuses: it may be a secret in the wrong place.

/** The argument that holds all the others; `what` may say what it holds at least. */
export function assertObject(name: string, value: unknown, what = "an object"): asserts value is object {
  if (typeof value !== "object" || value === null) throw new CalValidationError(`${name} must be ${what}.`);
}

/** Refuses an option that there isn't: a misspelt one would be passed over without a word. */
export function assertNames(options: object, known: readonly string[], path = ""): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new CalValidationError(`Unknown option ${path}${unknown}. There are: ${known.join(", ")}.`);
}

/** A string with something in it. */
export function assertText(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || value.trim() === "") {
    throw new CalValidationError(`${name} must be a string that is not empty.`);
  }
}

/** The application's own id of a user: anything that every store can keep. */
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

/**
 * An absolute http or https URL without credentials. `URL` alone is too kind: it takes "https:done", which a
 * browser resolves against its own page, and drops line ends, which would end up in a Location header.
 */
export function assertHttpUrl(name: string, value: unknown): asserts value is string {
  const isAbsolute = typeof value === "string" && /^https?:\/\/[^\s\p{Cc}]+$/iu.test(value);
  const url = isAbsolute && URL.canParse(value) ? new URL(value) : null;
  if (!url || url.username !== "" || url.password !== "") {
    throw new CalValidationError(
      `${name} must be an absolute URL that begins with https:// or http:// and holds no user name or password.`,
    );
  }
}

/** A plain address: one `@`, nothing that would split a list of them. */
export function assertEmail(value: unknown): asserts value is string {
  if (typeof value !== "string" || !/^[^\s\p{Cc}@,]+@[^\s\p{Cc}@,]+$/u.test(value)) {
    throw new CalValidationError('email must be an address such as "ada@example.com".');
  }
}

/** A name that this runtime's time zone database knows. */
export function assertTimeZone(name: string, value: unknown): asserts value is string {
  assertText(name, value);
  try {
    new Intl.DateTimeFormat("en", { timeZone: value });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CalValidationError(`${name} must be an IANA time zone such as "Europe/Berlin".`);
  }
}

/** A moment, given as a Date or in ISO 8601, as Cal.com takes it. */
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
  // Date takes February 30th for March 2nd.
  const day = match && new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])));
  return day?.getUTCDate() === Number(match?.[3]);
}

/** Two moments, the first before the second. A day without a time means the whole of it, to its end. */
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

export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export function assertTimeoutMs(value: unknown): void {
  if (typeof value !== "number" || !(value >= 1 && value <= MAX_TIMEOUT_MS)) {
    throw new CalValidationError(
      `timeoutMs must be a number of milliseconds from 1 to ${String(MAX_TIMEOUT_MS)}.`,
    );
  }
}
