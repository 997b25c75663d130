import * as z from "zod/mini";
import type { ApiResponse } from "./request.js";

/** The answer does not have the shape this package needs. Its message names fields, never values. */
export class UnreadableResponseError extends Error {
  override readonly name = "UnreadableAnswerError";
}

/** The data of a success envelope `{status: "success", data}`, checked and typed. */
export function dataOf<T>(schema: z.ZodMiniType<T>): (answer: ApiResponse) => T {
  return ({ body }) => parse(schema, envelope(body).data, "data");
}

/** Nothing is needed of the answer beyond that it is a success envelope. */
export function nothing({ status, body }: ApiResponse): void {
  // DELETE of an event answers 204 without a body. An empty 200 is a proxy's, and proves nothing.
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
 * The object, in which each of the fields now has its type or is `null`: a field that calbridge doesn't need must not
 * make a whole response unreadable. Written by hand, since schemas for so many fields took a tenth of a call. Changes
 * the object in place: it was parsed a moment ago, and nothing else refers to it.
 */
export function lenient<F extends Record<string, keyof TypeNames>>(
  object: Record<string, unknown>,
  fields: F,
): Record<string, unknown> & { [K in keyof F]: TypeNames[F[K]] | null } {
  for (const name in fields) {
    const value = object[name];
    const isValid = fields[name] === "object" ? isObject(value) : typeof value === fields[name];
    if (!isValid) object[name] = null;
  }
  return object as ReturnType<typeof lenient<F>>;
}

function envelope(body: unknown): { data: unknown } {
  if (typeof body !== "object" || body === null || !("status" in body) || body.status !== "success") {
    throw new UnreadableResponseError('the body is not an object with status "success"');
  }
  return { data: "data" in body ? body.data : undefined };
}

/** The value, if it has the schema's shape; else an error that names the fields that don't. */
function parse<T>(schema: z.ZodMiniType<T>, value: unknown, where: string): T {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const fields = result.error.issues.slice(0, 5).map((issue) => [where, ...issue.path.map(String)].join("."));
  throw new UnreadableResponseError(`missing or of another type: ${[...new Set(fields)].join(", ")}`);
}
