import { errorBody, HttpError } from "../http/errors.js";
import { assertFault } from "./validate-fault.js";
import { matches, type RequestMatch } from "../http/request-log.js";

/** What the caller sees instead of Cal.com's answer. */
export type FaultEffect =
  /** An answer with this status. Without a `body`, one in Cal.com's words. */
  | { status: number; body?: unknown; headers?: Record<string, string> }
  /** The connection is reset. */
  | { reset: true }
  /** Cal.com's own answer, this much later. A real timer, which fake timers turn. */
  | { delayMs: number }
  /** No answer, ever. */
  | { hang: true }
  /** The answer's body breaks off half-way. Implies `lost`: there has to be an answer to cut. */
  | { truncate: true }
  /** A proxy's error page. Its status is 502 unless given. */
  | { html: true; status?: number }
  /** No body at all. Its status is 200 unless given. */
  | { empty: true; status?: number };

/** Something that goes wrong with a request. */
export interface Fault extends RequestMatch {
  effect: FaultEffect;
  /** How many requests it happens to. Default 1; `Infinity` for all. */
  times?: number;
  /** How many matching requests are spared first. Default 0. */
  after?: number;
  /**
   * Cal.com does what was asked, and only its answer gets lost: tokens are rotated, users made.
   * Default: the request never reaches it.
   */
  lost?: boolean;
}

/** An injected fault. */
export interface FaultHandle {
  /** How many requests it has happened to. */
  readonly hits: number;
  /** Takes it away. */
  remove(): void;
}

export interface Faults {
  inject: (fault: Fault) => FaultHandle;
  /** The fault that happens to this request, if any. Counts. */
  take(request: { method: string; path: string }): Fault | undefined;
}

/** How a request ends: with an answer, or otherwise. */
export type Outcome =
  | { kind: "response"; response: Response }
  /** The first half of `body` arrives. */
  | { kind: "truncated"; response: Response; body: Uint8Array<ArrayBuffer> }
  | { kind: "reset" }
  | { kind: "hang" };

export function createFaults(): Faults {
  const active: { fault: Fault; seen: number; hits: number }[] = [];
  return {
    inject(fault) {
      assertFault(fault);
      const entry = { fault, seen: 0, hits: 0 };
      active.push(entry);
      return {
        get hits() {
          return entry.hits;
        },
        remove() {
          const at = active.indexOf(entry);
          if (at >= 0) active.splice(at, 1);
        },
      };
    },
    take(request) {
      for (const entry of active) {
        const { times = 1, after = 0 } = entry.fault;
        if (entry.hits >= times || !matches(entry.fault, request)) continue;
        if (++entry.seen <= after) continue;
        entry.hits++;
        return entry.fault;
      }
      return undefined;
    },
  };
}

/** Carries a request out, or not, and lets the fault happen. */
export async function withFault(
  fault: Fault | undefined,
  carryOut: () => Promise<Response>,
  context: { path: string; now: number; signal: AbortSignal | undefined },
): Promise<Outcome> {
  if (!fault) return { kind: "response", response: await carryOut() };
  const { effect, lost = false } = fault;

  if ("delayMs" in effect) {
    if (lost) {
      const response = await carryOut();
      await delay(effect.delayMs, context.signal);
      return { kind: "response", response };
    }
    await delay(effect.delayMs, context.signal);
    // Who has given up is not served.
    if (context.signal?.aborted) return { kind: "hang" };
    return { kind: "response", response: await carryOut() };
  }
  if ("truncate" in effect) {
    const response = await carryOut();
    return { kind: "truncated", response, body: new Uint8Array(await response.arrayBuffer()) };
  }
  if (lost) await carryOut();
  if ("reset" in effect) return { kind: "reset" };
  if ("hang" in effect) return { kind: "hang" };
  return { kind: "response", response: answer(effect, context) };
}

type AnswerEffect = Extract<FaultEffect, { status?: number }>;

function answer(effect: AnswerEffect, { path, now }: { path: string; now: number }): Response {
  if ("html" in effect) {
    const page =
      "<!doctype html><html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>";
    return new Response(page, {
      status: effect.status ?? 502,
      headers: { "Content-Type": "text/html; charset=utf-8" },
    });
  }
  if ("empty" in effect) return new Response(null, { status: effect.status ?? 200 });
  const { status, headers } = effect;
  const body = effect.body ?? errorBody(wordsFor(status), path, now);
  const isText = typeof body === "string";
  const hasBody = ![101, 204, 205, 304].includes(status);
  return new Response(hasBody ? (isText ? body : JSON.stringify(body)) : null, {
    status,
    headers: {
      "Content-Type": isText ? "text/plain; charset=utf-8" : "application/json; charset=utf-8",
      ...headers,
    },
  });
}

const words: Record<number, readonly [code: string, message: string]> = {
  400: ["BadRequestException", "Bad Request Exception"],
  401: ["UnauthorizedException", "Invalid Access Token."],
  403: ["ForbiddenException", "Forbidden resource"],
  404: ["NotFoundException", "Not Found"],
  409: ["CONFLICT", "Invalid Input: Trying to create a record that already exists."],
  429: ["ThrottlerException", "CustomThrottlerGuard - Too many requests. Please try again later."],
  498: ["TokenExpiredException", "ACCESS_TOKEN_IS_EXPIRED"],
  500: ["INTERNAL_SERVER_ERROR", "There was an error, please try again later."],
};

function wordsFor(status: number): HttpError {
  const [code, message] = words[status] ?? ["HttpException", "Injected by a test"];
  return new HttpError(status, message, { code });
}

/** Waits; shorter if the caller gives up. */
function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", finish, { once: true });
    function finish(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    }
  });
}
