import * as z from "zod/mini";
import type { ApiResponse } from "./request.js";

/** The response does not have the shape that this package needs. The message names fields, never values. */
export class UnreadableResponseError extends Error {
  override readonly name = "UnreadableResponseError";
}

/** Returns a reader for `{status: "success", data}`: it validates `data` against the schema and returns it. */
/** The whole body, validated and typed, of an endpoint without an envelope. */
export function bodyOf<T>(schema: z.ZodMiniType<T>): (response: ApiResponse) => T {
  return ({ body }) => parse(schema, body, "body");
}

export function dataOf<T>(schema: z.ZodMiniType<T>): (response: ApiResponse) => T {
  return ({ body }) => parse(schema, envelope(body).data, "data");
}

/** A reader that validates that the response is a success, and ignores its data. */
export function readSuccess({ status, body }: ApiResponse): void {
  // DELETE of an event returns 204 without a body. An empty 200 comes from a proxy and proves nothing.
  if (status !== 204) envelope(body);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface TypeNames {
  string: string;
  number: number;
  boolean: boolean;
  object: Record<string, unknown>;
}

/**
 * Sets each listed field that is missing or of another type to `null`. A field that calbridge doesn't need must not make
 * the whole response unreadable. Not a zod schema: schemas for so many fields took a tenth of the time of a call. Changes
 * the object in place, as it was just parsed and nothing else refers to it.
 */
export function lenient<T extends Record<string, unknown>, F extends Record<string, keyof TypeNames>>(
  object: T,
  fields: F,
): T & { [K in keyof F]: TypeNames[F[K]] | null } {
  const values: Record<string, unknown> = object;
  for (const name in fields) {
    const value = values[name];
    const isValid = fields[name] === "object" ? isObject(value) : typeof value === fields[name];
    if (!isValid) values[name] = null;
  }
  return object as ReturnType<typeof lenient<T, F>>;
}

function envelope(body: unknown): { data: unknown } {
  if (typeof body !== "object" || body === null || !("status" in body) || body.status !== "success") {
    throw new UnreadableResponseError('the body is not an object with status "success"');
  }
  return { data: "data" in body ? body.data : undefined };
}

/** Returns the value if it matches the schema. Otherwise throws an error that names the fields that don't match. */
function parse<T>(schema: z.ZodMiniType<T>, value: unknown, where: string): T {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const fields = result.error.issues.slice(0, 5).map((issue) => [where, ...issue.path.map(String)].join("."));
  throw new UnreadableResponseError(
    `these fields are missing or have another type: ${[...new Set(fields)].join(", ")}`,
  );
}
