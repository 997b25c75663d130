import type { HttpError } from "../model/errors.js";

/** The JSON of an error. As at Cal.com, `path` repeats the whole query: state, code and token included. */
export function errorBody(error: HttpError, path: string, now: number): unknown {
  if (error.body !== undefined) return error.body;
  if (error.code === undefined) return { statusCode: error.status, message: error.message };
  return {
    status: "error",
    timestamp: new Date(now).toISOString(),
    path,
    error: { code: error.code, message: error.message, details: error.details },
  };
}
