/**
 * The handlers in Express, Fastify, Koa and `node:http`.
 *
 * @module calbridge/node
 */
// eslint-disable-next-line no-restricted-imports -- types only; this file runs on Node, Bun and Deno
import type { IncomingMessage, ServerResponse } from "node:http";
import { CalValidationError } from "../errors.js";

/** What this bridge needs of a Fastify request. */
export interface FastifyRequestLike {
  raw: IncomingMessage;
  originalUrl: string;
  body?: unknown;
}

/** What this bridge needs of a Fastify reply. */
export interface FastifyReplyLike {
  /** Sets the status. */
  code(status: number): unknown;
  /** Sets a header. */
  header(name: string, value: string | string[]): unknown;
  /** Sends the body. */
  send(payload?: unknown): unknown;
}

/** What this bridge needs of a Koa context. */
export interface KoaContextLike {
  req: IncomingMessage;
  res: ServerResponse;
  request: object;
  originalUrl: string;
  status: number;
  body: unknown;
  /** Adds a value to a header. */
  append(field: string, value: string | string[]): unknown;
  /** Sets a header. */
  set(field: string, value: string): unknown;
}

/** A handler that `node:http`, Express, Fastify and Koa can call, each in its own way. */
export interface NodeHandler {
  (request: FastifyRequestLike, reply: FastifyReplyLike): Promise<void>;
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): Promise<void>;
  (context: KoaContextLike): Promise<void>;
}

/**
 * Makes a handler of Web `Request`s fit for Node's servers.
 *
 * It may be mounted under a path, and behind a body parser. Nothing is taken from the `Host` header or from
 * a proxy's: the request's address is of `http://localhost`, and the handlers know their public origin.
 *
 * @example
 * ```ts
 * const calendar = toNodeHandler(handlers.handle);
 * createServer(calendar);                                    // node:http
 * app.use("/api/cal", calendar);                             // Express
 * fastify.all("/api/cal/*", calendar);                       // Fastify
 * koa.use((ctx, next) => ctx.path.startsWith("/api/cal/") ? calendar(ctx) : next());
 * ```
 */
export function toNodeHandler(handle: (request: Request) => Response | Promise<Response>): NodeHandler {
  if (typeof handle !== "function")
    throw new CalValidationError("toNodeHandler takes a handler, such as handlers.handle.");
  const answer = async (source: Source): Promise<Response> => {
    const request = toRequest(source);
    return request ? handle(request) : new Response(null, { status: 501 });
  };

  function nodeHandler(request: FastifyRequestLike, reply: FastifyReplyLike): Promise<void>;
  function nodeHandler(
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ): Promise<void>;
  function nodeHandler(context: KoaContextLike): Promise<void>;
  async function nodeHandler(
    first: FastifyRequestLike | IncomingMessage | KoaContextLike,
    second?: FastifyReplyLike | ServerResponse,
    next?: (error?: unknown) => void,
  ): Promise<void> {
    if ("raw" in first) return sendByFastify(await answer(fastifySource(first)), second as FastifyReplyLike);
    if ("request" in first) return sendByKoa(await answer(koaSource(first)), first);
    try {
      await sendByHttp(await answer(httpSource(first)), second as ServerResponse);
    } catch (error) {
      // What `handle` threw, or a socket that has gone: Express has a place for it, node:http has none.
      if (!next) throw error;
      next(error);
    }
  }
  return nodeHandler;
}

/** A request, wherever its parts are kept. */
interface Source {
  incoming: IncomingMessage;
  /** The path and query as they came in, before anything was mounted. */
  target: string;
  /** What a body parser has made of the body. */
  parsed: unknown;
}

function httpSource(incoming: IncomingMessage & { originalUrl?: unknown; body?: unknown }): Source {
  const { originalUrl, url = "/", body } = incoming;
  return { incoming, target: typeof originalUrl === "string" ? originalUrl : url, parsed: body };
}

function fastifySource({ raw, originalUrl, body }: FastifyRequestLike): Source {
  return { incoming: raw, target: originalUrl, parsed: body };
}

function koaSource({ req, request, originalUrl }: KoaContextLike): Source {
  return { incoming: req, target: originalUrl, parsed: Reflect.get(request, "body") };
}

/** The Web's own `Request`; `null` for a method that it has no place for. */
function toRequest({ incoming, target, parsed }: Source): Request | null {
  const { method = "GET" } = incoming;
  if (/^(connect|trace|track)$/i.test(method)) return null;
  const headers = new Headers();
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    const [name = "", value = ""] = incoming.rawHeaders.slice(at, at + 2);
    // HTTP/2 keeps the method and the path among them.
    if (!name.startsWith(":")) headers.append(name, value);
  }
  const url = toUrl(target);
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers });
  const isRead = incoming.readableEnded || incoming.readableDidRead;
  if (!isRead) return new Request(url, { method, headers, body: streamOf(incoming), ...{ duplex: "half" } });
  // The parser has undone the encoding, and what is written again has another length.
  headers.delete("content-length");
  headers.delete("content-encoding");
  return new Request(url, { method, headers, body: rewrite(parsed) });
}

// A target can also be a whole address (to a proxy) or `*`, and begin with two slashes: only its path counts.
function toUrl(target: string): string {
  if (target.startsWith("/")) return `http://localhost${target}`;
  const { pathname, search } = new URL(URL.canParse(target) ? target : "http://localhost");
  return `http://localhost${pathname.startsWith("/") ? pathname : "/"}${search}`;
}

function rewrite(parsed: unknown): BodyInit | null {
  if (parsed === undefined) return null;
  if (typeof parsed === "string") return parsed;
  return parsed instanceof Uint8Array ? new Uint8Array(parsed) : JSON.stringify(parsed);
}

/**
 * The body, read no faster than it is asked for. `Readable.toWeb` would close the connection as soon as
 * anybody has read enough, and the answer would not arrive.
 */
function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let isListening = false;
  const listen = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    isListening = true;
    let isOver = false;
    const once = (end: () => void) => () => {
      if (!isOver) end();
      isOver = true;
    };
    const failed = once(() => controller.error(new TypeError("The client hung up.")));
    incoming.on("data", (chunk: Uint8Array) => {
      if (isOver) return;
      incoming.pause();
      controller.enqueue(new Uint8Array(chunk));
    });
    incoming.once(
      "end",
      once(() => controller.close()),
    );
    incoming.once("error", failed);
    incoming.once("close", failed);
    cancelled = once(() => undefined);
    // The client hung up before anybody began to read, and "close" comes once.
    if (incoming.destroyed) failed();
  };
  let cancelled = (): void => undefined;
  return new ReadableStream(
    {
      pull(controller) {
        if (!isListening) listen(controller);
        incoming.resume();
      },
      cancel() {
        // The rest is let through unread, as Node does with a body that nobody asked for.
        cancelled();
        incoming.resume();
      },
    },
    // Nothing is read before somebody asks.
    { highWaterMark: 0 },
  );
}

async function sendByHttp(response: Response, outgoing: ServerResponse): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  if (outgoing.headersSent || outgoing.destroyed) return;
  outgoing.statusCode = response.status;
  for (const [name, value] of plainHeaders(response)) outgoing.setHeader(name, value);
  const cookies = response.headers.getSetCookie();
  // A session's cookie may be there already.
  if (cookies.length > 0) outgoing.appendHeader("set-cookie", cookies);
  outgoing.setHeader("content-length", body.byteLength);
  outgoing.end(body);
}

async function sendByFastify(response: Response, reply: FastifyReplyLike): Promise<void> {
  const body = await response.text();
  reply.code(response.status);
  for (const [name, value] of plainHeaders(response)) reply.header(name, value);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) reply.header("set-cookie", cookies);
  reply.send(body);
}

async function sendByKoa(response: Response, context: KoaContextLike): Promise<void> {
  const body = await response.text();
  // Koa takes a body for a reason to change the status, and the type.
  context.body = body;
  context.status = response.status;
  for (const [name, value] of plainHeaders(response)) context.set(name, value);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) context.append("Set-Cookie", cookies);
}

function plainHeaders(response: Response): [string, string][] {
  return [...response.headers].filter(([name]) => name !== "set-cookie");
}
