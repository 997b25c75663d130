import { HttpError } from "../model/errors.js";

/** A validation rule. Its name and message are Cal.com's. */
export interface Rule {
  name: string;
  message: string;
  ok: (value: unknown) => boolean;
}

export interface Field {
  property: string;
  rules: Rule[];
  /** `null` and absence pass. */
  optional?: boolean;
  /** Converts the value before validation. */
  transform?: (value: unknown) => unknown;
  /** Replaces an absent value. */
  initial?: unknown;
  /** The fields of each entry, if the value is a list. */
  each?: Field[];
}

interface ValidationIssue {
  target: unknown;
  value: unknown;
  property: string;
  children: ValidationIssue[];
  /** Absent if only an entry of a list is invalid. */
  constraints?: Record<string, string>;
}

/**
 * Validates input. Returns the known properties only.
 *
 * @throws HttpError 400 that repeats them all, passwords included.
 */
export function validate(input: unknown, fields: Field[]): Record<string, unknown> {
  const target = pick(input, fields);
  const errors = fields.flatMap((field) => issuesOf(field, target));
  if (errors.length > 0) {
    const echoed = Array.isArray(input) ? [] : target;
    throw new HttpError(400, "Bad Request Exception", {
      code: "BadRequestException",
      details: { errors: errors.map((issue) => ({ ...issue, target: echoed })) },
    });
  }
  return target;
}

function pick(input: unknown, fields: Field[]): Record<string, unknown> {
  const source = typeof input === "object" && input !== null ? (input as Record<string, unknown>) : {};
  const target: Record<string, unknown> = {};
  for (const field of fields) if (field.initial !== undefined) target[field.property] = field.initial;
  for (const { property, transform } of fields) {
    if (!Object.hasOwn(source, property) || source[property] === undefined) continue;
    target[property] = transform ? transform(source[property]) : source[property];
  }
  return target;
}

function issuesOf(field: Field, target: Record<string, unknown>): ValidationIssue[] {
  const { property, rules, optional, each = [] } = field;
  const value = target[property];
  if (optional && (value === undefined || value === null)) return [];
  const broken = rules.filter((rule) => !rule.ok(value));
  if (broken.length > 0) {
    const constraints = Object.fromEntries(broken.map((rule) => [rule.name, rule.message]));
    return [{ target, value, property, children: [], constraints }];
  }
  const children = Array.isArray(value) ? entryIssues(value, each) : [];
  return children.length > 0 ? [{ target, value, property, children }] : [];
}

function entryIssues(list: unknown[], fields: Field[]): ValidationIssue[] {
  return list.flatMap((value, index) => {
    const children = fields.flatMap((field) => issuesOf(field, value as Record<string, unknown>));
    return children.length > 0 ? [{ target: list, value, property: String(index), children }] : [];
  });
}

export const isString = (property: string): Rule => ({
  name: "isString",
  message: `${property} must be a string`,
  ok: (value) => typeof value === "string",
});

export const isInt = (property: string): Rule => ({
  name: "isInt",
  message: `${property} must be an integer number`,
  ok: (value) => Number.isInteger(value),
});

export const isTimeZone = (property: string): Rule => ({
  name: "isTimeZone",
  message: `${property} must be a valid IANA time-zone`,
  ok: (value) => typeof value === "string" && canonicalTimeZone(value) !== undefined,
});

const ISO_DATE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

export const isIsoDate = (name: string, property: string): Rule => ({
  name,
  message: `${property} must be a valid ISO 8601 date string`,
  ok: (value) => typeof value === "string" && ISO_DATE.test(value) && !Number.isNaN(Date.parse(value)),
});

/** The zone's name in IANA's spelling, or `undefined` if there is no such zone. */
export function canonicalTimeZone(name: string): string | undefined {
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return timeZone.toLowerCase() === name.toLowerCase() ? timeZone : name;
  } catch {
    // RangeError: no such zone.
    return undefined;
  }
}
