import { invalidInput, HttpError } from "./http-error.js";

/** The value of a query parameter. Twice is refused: two readers of one address would not agree on it. */
export function queryText(request: Request, name: string, maxLength = 16_384): string | undefined {
  const values = new URL(request.url).searchParams.getAll(name);
  if (values.length > 1) throw invalidInput(`The parameter ${name} must not be given more than once.`);
  const [value] = values;
  if (value !== undefined && value.length > maxLength)
    throw invalidInput(`The parameter ${name} is too long.`);
  return value === "" ? undefined : value;
}

/** A body's fields. */
export type Fields = Record<string, unknown>;

/**
 * The JSON object in a request's body. Nothing but `application/json` is taken: a form on another site
 * can't send that without asking first.
 */
export async function readFields(request: Request, maxBytes: number): Promise<Fields> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (type !== "application/json" || encoding !== "identity") {
    throw new HttpError(415, "unsupported_media_type", "The body must be JSON, sent as application/json.");
  }
  const value = parse(await readText(request, maxBytes));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidInput("The body must be a JSON object.");
  }
  return value as Fields;
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = new HttpError(
    413,
    "payload_too_large",
    `The body must not be larger than ${maxBytes} bytes.`,
  );
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge;
  if (!request.body) return "";
  const reader = request.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      // Whatever the runtime makes of a client that hangs up.
      throw invalidInput("The body could not be read.");
    });
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > maxBytes) {
      // What the sender makes of it is not waited for: some runtimes never tell.
      reader.cancel().catch(() => undefined);
      throw tooLarge;
    }
    text += decoder.decode(value, { stream: true });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A RangeError is what some engines make of brackets nested too deep.
    if (error instanceof SyntaxError || error instanceof RangeError) {
      throw invalidInput("The body must be valid JSON.");
    }
    throw error;
  }
}

/** A field that is text and not empty. */
export function textField(fields: Fields, name: string, maxLength = 16_384): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" || value.length > maxLength) {
    throw invalidInput(`${name} must be a string of ${maxLength} characters at most.`);
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

/** One of a list of values; there must be one. */
export function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalidInput(`${name} must be one of ${allowed.join(", ")}.`);
  return found;
}

/** A value that must be there. */
export function required(name: string, value: string | undefined): string {
  if (value === undefined || value.trim() === "") throw invalidInput(`${name} must not be empty.`);
  return value;
}
