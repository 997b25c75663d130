import { parseJson } from "../../lib/parse-json.js";
import { readText } from "../../lib/read-text.js";
import { invalidInput, HttpError } from "./http-error.js";

const MAX_VALUE_LENGTH = 16_384;

/** The value of a query parameter. Twice is rejected: two readers of one URL could use different ones. */
export function queryText(
  request: Request,
  name: string,
  maxLength: number = MAX_VALUE_LENGTH,
): string | undefined {
  const values = new URL(request.url).searchParams.getAll(name);
  if (values.length > 1) throw invalidInput(`The parameter ${name} must not be given more than once.`);
  const [value] = values;
  if (value !== undefined && value.length > maxLength)
    throw invalidInput(`The parameter ${name} must have at most ${maxLength} characters.`);
  return value === "" ? undefined : value;
}

/** The fields of a JSON body. */
export type Fields = Record<string, unknown>;

/** Reads a text parameter by its name. */
export type ParameterReader = (name: string) => string | undefined;

/** Reads parameters of a request that may be a GET, with a query, or a POST, with a JSON body. */
export async function readParameters(request: Request, maxBytes: number): Promise<ParameterReader> {
  if (request.method !== "POST") return (name) => queryText(request, name);
  const fields = await readFields(request, maxBytes);
  return (name) => scalarField(fields, name);
}

/** A field as text, as a query has it: also `true`, as 1, and a number. */
function scalarField(fields: Fields, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (typeof value === "number") return String(value);
  return typeof value === "boolean" ? (value ? "1" : undefined) : textField(fields, name);
}

/** A parameter that is 1 or left out. */
export function flag(read: ParameterReader, name: string): boolean | undefined {
  const value = read(name);
  if (value === undefined) return undefined;
  if (value === "1") return true;
  throw invalidInput(`${name} must be 1, or left out.`);
}

/** A parameter that is an id. */
export function idParameter(read: ParameterReader, name: string): number | undefined {
  const value = read(name);
  if (value === undefined) return undefined;
  return idField({ [name]: /^\d{1,16}$/.test(value) ? Number(value) : value }, name);
}

/**
 * Reads the JSON object of a request's body. Only `application/json` is accepted: a form on another site can't send it
 * without a CORS preflight.
 */
export async function readFields(request: Request, maxBytes: number): Promise<Fields> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (type !== "application/json" || encoding !== "identity") {
    throw new HttpError(415, "unsupported_media_type", "The body must be JSON, sent as application/json.");
  }
  const value = parseJson(await readBody(request, maxBytes));
  if (value === undefined) throw invalidInput("The body must be valid JSON.");
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidInput("The body must be a JSON object.");
  }
  return value as Fields;
}

async function readBody(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = new HttpError(
    413,
    "payload_too_large",
    `The body must not be larger than ${maxBytes} bytes.`,
  );
  // Before the body is touched: some runtimes begin to read it then.
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge;
  if (request.bodyUsed || request.body?.locked) {
    throw invalidInput(
      "The request's body was read before it reached the calendar routes. " +
        "Mount them before the middleware that reads it, or let the middleware read request.clone().",
    );
  }
  const text = await readStream(request.body, maxBytes);
  if (text === null) throw tooLarge;
  return text;
}

async function readStream(body: Request["body"], maxBytes: number): Promise<string | null> {
  try {
    return body ? await readText(body, maxBytes) : "";
  } catch {
    // The client closed the connection. Each runtime has an error of its own for it.
    throw invalidInput("The body could not be read.");
  }
}

/** A field that is a text and not empty. */
export function textField(
  fields: Fields,
  name: string,
  maxLength: number = MAX_VALUE_LENGTH,
): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" || value.length > maxLength) {
    throw invalidInput(`${name} must be a string of at most ${maxLength} characters.`);
  }
  return value;
}

/** A field that is an id. */
export function idField(fields: Fields, name: string): number | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw invalidInput(`${name} must be a whole number of 1 or more.`);
  }
  return value as number;
}

/** A field that is `true` or `false`. */
export function requiredFlag(fields: Fields, name: string): boolean {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (typeof value !== "boolean") throw invalidInput(`${name} must be true or false.`);
  return value;
}

/** One of the allowed values. */
export function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalidInput(`${name} must be one of ${allowed.join(", ")}.`);
  return found;
}

/** A value that must not be missing. */
export function required(name: string, value: string | undefined): string {
  if (value === undefined || value.trim() === "") throw invalidInput(`${name} must not be empty.`);
  return value;
}
