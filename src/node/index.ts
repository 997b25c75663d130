/**
 * The handlers in Express, Fastify, Koa and `node:http`.
 *
 * Why not a library: `getRequestListener` of `@hono/node-server` and the Node adapter of `srvx` were run against the
 * tests of this file. Both fail behind a body parser (Express, Fastify: the body is read already), lose the path under
 * which Express has mounted the handler, take the request's origin from the `Host` header, resolve dot segments without
 * a word, and know neither Fastify's reply nor Koa's context. Around them, most of this file would still be needed.
 *
 * @module calbridge/node
 */
// eslint-disable-next-line no-restricted-imports -- types only; this file runs on Node, Bun and Deno
import type { IncomingMessage, ServerResponse } from "node:http";
import { CalValidationError } from "../errors.js";

/** The part of a Fastify request that is used here. */
export interface FastifyRequestLike {
  raw: IncomingMessage;
  originalUrl: string;
  body?: unknown;
}

/** The part of a Fastify reply that is used here. */
export interface FastifyReplyLike {
  /** Sets the status. */
  code(status: number): unknown;
  /** Sets a header. */
  header(name: string, value: string | string[]): unknown;
  /** Sends the body. */
  send(payload?: unknown): unknown;
}

/** The part of a Koa context that is used here. */
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

/** A handler that `node:http`, Express, Fastify and Koa can call. */
export interface NodeHandler {
  (request: FastifyRequestLike, reply: FastifyReplyLike): Promise<void>;
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): Promise<void>;
  (context: KoaContextLike): Promise<void>;
}

/**
 * Turns a handler of Web `Request`s into one for Node's servers.
 *
 * It may be mounted under a path, and behind a body parser. The `Host` header and those of proxies are not used: the
 * origin of the request's URL is `http://localhost`, and the handlers know their public one.
 *
 * A path that a URL parser would change, such as `/api/cal/./refresh`, gets a 404: a guard of the framework would see
 * another path than the handlers.
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
  const respond = async (source: Source): Promise<Response> => {
    // Methods that no Web Request can have.
    if (/^(connect|trace|track)$/i.test(source.incoming.method ?? ""))
      return new Response(null, { status: 501 });
    const url = toUrl(source.target);
    return url === null ? new Response(null, { status: 404 }) : handle(await toRequest(url, source));
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
    if ("raw" in first) return sendByFastify(await respond(fastifySource(first)), second as FastifyReplyLike);
    if ("request" in first) return sendByKoa(await respond(koaSource(first)), first);
    try {
      await sendByHttp(await respond(httpSource(first)), second as ServerResponse);
    } catch (error) {
      // The error of `handle`, or of a closed socket. Express passes it to its error handler.
      if (!next) throw error;
      next(error);
    }
  }
  return nodeHandler;
}

/** A request of one of the frameworks. */
interface Source {
  incoming: IncomingMessage;
  /** The path and query as the client sent them: a framework may remove the path under which it has mounted us. */
  target: string;
  /** The body, if a body parser has read it. */
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

/** The URL of a request target (RFC 9112, section 3.2); `null` if URL parsers and frameworks read its path differently. */
function toUrl(target: string): string | null {
  // A client that takes the server for a proxy sends a whole URL. The origin is not used.
  const [path = "/"] = /^(https?:\/\/[^/?#]*)?(\/[^?#]*)?/i.exec(target)?.slice(2) ?? [];
  const query = /\?[^#]*/.exec(target)?.[0] ?? "";
  const url = `http://localhost${path}${query}`;
  return URL.canParse(url) && new URL(url).pathname === path ? url : null;
}

async function toRequest(url: string, { incoming, parsed }: Source): Promise<Request> {
  const { method = "GET", rawHeaders } = incoming;
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    // HTTP/2 has pseudo-headers, such as ":path".
    if (!name.startsWith(":")) headers.append(name, value);
  }
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers });
  const isRead = incoming.readableEnded || incoming.readableDidRead;
  if (!isRead) return new Request(url, { method, headers, body: streamOf(incoming), ...{ duplex: "half" } });
  // The parser has decoded the body, and its text may have another length now.
  headers.delete("content-length");
  headers.delete("content-encoding");
  const request = new Request(url, { method, headers, body: parsed === undefined ? "" : toBody(parsed) });
  // Read, and kept nowhere that is known here. The handler is to see that the body was consumed, not an empty one.
  if (parsed === undefined) await request.text();
  return request;
}

function toBody(parsed: unknown): BodyInit {
  if (typeof parsed === "string") return parsed;
  return parsed instanceof Uint8Array ? new Uint8Array(parsed) : JSON.stringify(parsed);
}

/**
 * The body as a Web stream that reads no faster than its consumer. `Readable.toWeb` would destroy the socket when its
 * consumer cancels it, and a response such as 413 would not arrive.
 */
function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = incoming.iterator({ destroyOnReturn: false });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = (await chunks.next()) as IteratorResult<Uint8Array, undefined>;
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value));
      },
      async cancel() {
        await chunks.return?.();
        // The rest is dropped, as Node does with a body that is not read.
        incoming.resume();
      },
    },
    // Nothing is read before the consumer asks for it.
    { highWaterMark: 0 },
  );
}

async function sendByHttp(response: Response, outgoing: ServerResponse): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  if (outgoing.headersSent || outgoing.destroyed) return;
  outgoing.statusCode = response.status;
  for (const [name, value] of plainHeaders(response)) outgoing.setHeader(name, value);
  const cookies = response.headers.getSetCookie();
  // Added to those that other middleware has set.
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
  // First: Koa sets the status and the type when it gets a body.
  context.body = body;
  context.status = response.status;
  for (const [name, value] of plainHeaders(response)) context.set(name, value);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) context.append("Set-Cookie", cookies);
}

function plainHeaders(response: Response): [string, string][] {
  return [...response.headers].filter(([name]) => name !== "set-cookie");
}
