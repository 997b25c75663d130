/** An error as Cal.com answers it. Thrown anywhere in the emulator, turned into a `Response` in one place. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  /** Cal.com's name for it; `undefined` for the bare shape `{statusCode, message}`. */
  readonly code: string | undefined;
  readonly details: unknown;
  /** A whole body of another shape: OAuth 2's. */
  readonly body: unknown;
  readonly headers: Record<string, string> | undefined;

  constructor(
    status: number,
    message: string,
    shape: { code?: string; details?: unknown; body?: unknown; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = shape.code;
    this.details = shape.details;
    this.body = shape.body;
    this.headers = shape.headers;
  }
}

const names: Record<number, readonly [code: string, reason: string]> = {
  400: ["BadRequestException", "Bad Request"],
  401: ["UnauthorizedException", "Unauthorized"],
  403: ["ForbiddenException", "Forbidden"],
  404: ["NotFoundException", "Not Found"],
  409: ["ConflictException", "Conflict"],
  500: ["InternalServerErrorException", "Internal Server Error"],
};

/** The envelope with `details: {message, error, statusCode}`: most errors. */
export function exception(status: keyof typeof names, message: string, reason?: string): HttpError {
  const [code, error] = names[status] ?? ["HttpException", "Error"];
  return new HttpError(status, message, {
    code,
    details: { message, error: reason ?? error, statusCode: status },
  });
}

/** The envelope whose `details` repeat the message: 498, 429. */
export function echoed(status: number, code: string, message: string): HttpError {
  return new HttpError(status, message, { code, details: message });
}

/** The envelope without `details`: what comes from the database layer. */
export function plain(status: number, code: string, message: string): HttpError {
  return new HttpError(status, message, { code });
}

/** `{statusCode, message}` without an envelope: what nobody caught. */
export function bare(status: number, message = "Internal server error"): HttpError {
  return new HttpError(status, message);
}

/** Two rows that may not both exist. Says nothing of the row that is there already. */
export const alreadyExists = (): HttpError =>
  plain(409, "CONFLICT", "Invalid Input: Trying to create a record that already exists.");

/** The JSON of an error. `path` repeats the whole query, as Cal.com does: state, code and token included. */
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
