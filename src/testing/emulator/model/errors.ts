/** An error response of Cal.com. Thrown anywhere in the emulator; `api.ts` turns it into a `Response`. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  /** Cal.com's error code. `undefined` for the bare shape `{statusCode, message}`. */
  readonly code: string | undefined;
  readonly details: unknown;
  /** The whole body, for errors of another shape: OAuth 2's. */
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

/** The envelope whose `details` repeat the message: 498 and 429. */
export function echoed(status: number, code: string, message: string): HttpError {
  return new HttpError(status, message, { code, details: message });
}

/** The envelope without `details`: errors of the database layer. */
export function plain(status: number, code: string, message: string): HttpError {
  return new HttpError(status, message, { code });
}

/** `{statusCode, message}` without an envelope: unhandled errors. */
export function bare(status: number, message = "Internal server error"): HttpError {
  return new HttpError(status, message);
}

/** A unique constraint failed. The message doesn't name the existing row. */
export const alreadyExists = (): HttpError =>
  plain(409, "CONFLICT", "Invalid Input: Trying to create a record that already exists.");

/** A value that the database can't hold, such as an integer of more than 32 bits. */
export const databaseError = (): HttpError =>
  plain(500, "INTERNAL_SERVER_ERROR", "There was an error, please try again later.");
