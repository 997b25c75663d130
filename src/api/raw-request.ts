import { CalValidationError, type CalRateLimit } from "../errors.js";
import { assertNames, assertObject } from "../lib/assert.js";
import { requestIdOf } from "./api-errors.js";
import { rateLimitOf } from "./rate-limit.js";
import { assertPath, templateOf } from "./raw-path.js";
import type { ApiCall, ApiResponse, CallOptions, QueryValue, Send } from "./request.js";
import { isObject, UnreadableResponseError } from "./response.js";
import { secretValuesIn } from "./secret-values.js";

// Loaded with the first call of request(): most applications need only the methods.

/** A request to any endpoint of Cal.com's API v2. */
export interface CalRequestInput extends CallOptions {
  /**
   * The HTTP method.
   * @defaultValue `"GET"`
   */
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
  /**
   * The endpoint's path, as Cal.com's reference has it (`/v2/schedules`), or below the base URL (`/schedules`). Write
   * values as parameters, `/schedules/{scheduleId}`, and give them in `params`: then hooks and errors show the template.
   */
  path: string;
  /** The values of the path's parameters. They are percent-encoded. */
  params?: Readonly<Record<string, string | number>> | undefined;
  /** The query. A list becomes one value with commas, as Cal.com reads it. `undefined` leaves a name out. */
  query?:
    | Readonly<Record<string, string | number | boolean | undefined | readonly (string | number)[]>>
    | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** The endpoint's version, for the header `cal-api-version`, such as `"2024-08-13"`. Each endpoint has its own. */
  apiVersion?: string | undefined;
  /**
   * Whether the request may be sent again after it has reached Cal.com.
   * @defaultValue `true` for GET, PUT and DELETE
   */
  idempotent?: boolean | undefined;
}

/** Cal.com's response to {@link CalUser.request}. */
export interface CalResponse<T = unknown> {
  /** `data` of Cal.com's envelope; the whole body if there is no envelope; `undefined` if there is no body. */
  data: T;
  /** HTTP status, from 200 to 299. */
  status: number;
  /** The response's headers, without cookies. */
  headers: Headers;
  /** Cal.com's `X-Request-Id`, to quote to its support. */
  requestId: string | undefined;
  /** How many requests Cal.com still accepts from this caller. */
  rateLimit: CalRateLimit | undefined;
}

/** A response, and what its envelope has beside the data. */
export interface RawResponse extends CalResponse {
  pagination: unknown;
}

/** Sends the request, and returns what {@link CalUser.request} does. */
export async function requestRaw<T>(
  send: Send,
  input: CalRequestInput,
  baseUrl: string,
): Promise<CalResponse<T>> {
  const { data, status, headers, requestId, rateLimit } = await send(rawCall(input, baseUrl));
  return { data: data as T, status, headers, requestId, rateLimit };
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const inputNames = [
  ...["method", "path", "params", "query", "body", "apiVersion", "idempotent"],
  ...["signal", "timeoutMs"],
];

/**
 * The call that a request describes.
 * @throws {@link CalValidationError} for a path that may leave the base URL, and other input that can't be sent.
 */
export function rawCall(input: CalRequestInput, baseUrl: string): ApiCall<RawResponse> {
  assertObject("The request", input, "{ path, method, query, body }");
  assertNames(input, inputNames);
  const { method = "GET", params = {}, query = {}, body, apiVersion, idempotent, signal, timeoutMs } = input;
  if (!methods.includes(method)) throw invalid(`method must be one of ${methods.join(", ")}.`);
  if (method === "GET" && body !== undefined) throw invalid("A GET request has no body: use query.");
  assertObject("params", params);
  assertObject("query", query);
  if (apiVersion !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(apiVersion)) {
    throw invalid('apiVersion must be a date such as "2024-08-13".');
  }
  const literal = assertPath(input.path, params, baseUrl);
  const { path, values } = templateOf(literal, params);
  return {
    method,
    path,
    params: values,
    query: Object.fromEntries(
      Object.entries(query).map(([name, value]) => [name, toQueryValue(name, value)]),
    ),
    ...(body !== undefined && { body: toJsonValue(body) }),
    ...(idempotent !== undefined && { idempotent }),
    ...(apiVersion !== undefined && { headers: { "cal-api-version": apiVersion } }),
    secrets: secretValuesIn([body, query]),
    signal,
    timeoutMs,
    read: readRaw,
  };
}

function readRaw({ status, headers, body }: ApiResponse): RawResponse {
  const isEnvelope = isObject(body) && body["status"] === "success";
  if (isObject(body) && body["status"] === "error") {
    throw new UnreadableResponseError('the body has status "error"');
  }
  return {
    data: isEnvelope ? body["data"] : body,
    status,
    headers: withoutCookies(headers),
    requestId: requestIdOf(headers),
    rateLimit: rateLimitOf(headers),
    pagination: isEnvelope ? body["pagination"] : undefined,
  };
}

function withoutCookies(headers: Headers): Headers {
  const copy = new Headers(headers);
  copy.delete("set-cookie");
  return copy;
}

function toQueryValue(name: string, value: unknown): QueryValue {
  const isList = Array.isArray(value);
  const parts: unknown[] = isList ? value : [value];
  const isValid = parts.every((part) => ["string", "number", "boolean"].includes(typeof part));
  if (value !== undefined && !isValid) {
    throw invalid(`query.${name} must be a string, a number, a boolean or a list of them.`);
  }
  return isList ? parts.join(",") : (value as QueryValue);
}

/** The body as JSON can hold it. Cycles and BigInts would be errors of the runtime. */
function toJsonValue(body: unknown): unknown {
  let text: string | undefined;
  try {
    // A function, for example, has no JSON: then the result is undefined, whatever its type says.
    text = JSON.stringify(body);
  } catch {
    // A TypeError, or what the body's own toJSON throws. Its message may hold a part of the body.
  }
  if (text === undefined) throw invalid("body must be a value that JSON can hold.");
  return JSON.parse(text);
}

function invalid(message: string): CalValidationError {
  return new CalValidationError(message);
}
