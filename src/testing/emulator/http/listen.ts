import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Handle } from "./fetch.js";
import { isOwnHost } from "./host.js";

export interface Listening {
  url: string;
  close(): Promise<void>;
}

// Tests open thousands of connections at once. Node's default queue would overflow and make clients wait.
const MAX_PENDING_CONNECTIONS = 4096;

// Cal.com closes idle connections after this time: a client that reuses one can get a reset.
const KEEP_ALIVE_MS = 5000;

/** Serves the emulator over HTTP. Needs Node, Bun or Deno, so it is loaded on demand only. */
export async function listen(
  handle: Handle,
  options: { port: number; host: string; allowedHosts: readonly string[] },
): Promise<Listening> {
  warnInProduction();
  const { port, host, allowedHosts } = options;
  const listener = createListener(handle);
  const server = createServer((incoming, outgoing) => {
    if (isOwnHost(incoming.headers.host, [host, ...allowedHosts])) void listener(incoming, outgoing);
    else refuseHost(incoming, outgoing);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: MAX_PENDING_CONNECTIONS }, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Including those without a response yet.
        server.closeAllConnections();
      }),
  };
}

function createListener(handle: Handle): ReturnType<typeof getRequestListener> {
  return getRequestListener(
    async (request, env) => {
      const { outgoing } = env as HttpBindings;
      const outcome = await handle(request);
      switch (outcome.kind) {
        case "response":
          return outcome.response;
        case "reset":
          outgoing.socket?.resetAndDestroy();
          return RESPONSE_ALREADY_SENT;
        case "truncated":
          sendHalf(outgoing, outcome.response, outcome.body);
          return RESPONSE_ALREADY_SENT;
        case "hang":
          return new Promise<Response>(() => undefined);
      }
    },
    // By default the adapter replaces the global `Request` and `Response`.
    { overrideGlobalObjects: false },
  );
}

/** Announces the whole body, sends half of it and closes the connection. */
function sendHalf(outgoing: ServerResponse, response: Response, body: Uint8Array): void {
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    "Content-Length": String(body.length),
  });
  outgoing.write(body.slice(0, Math.floor(body.length / 2)), () => outgoing.socket?.destroy());
}

/** 421: the request is for another server (RFC 9110, section 15.5.20). */
function refuseHost({ headers }: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(421, { "Content-Type": "text/plain; charset=utf-8" });
  outgoing.end(
    `The emulator of Cal.com does not serve the host ${JSON.stringify(headers.host ?? "")}. ` +
      "Pass further host names to listen({ allowedHosts: [...] }).\n",
  );
}

let hasWarned = false;

function warnInProduction(): void {
  if (hasWarned || !isProduction()) return;
  hasWarned = true;
  console.warn(
    "calbridge: an emulator of Cal.com is listening, and NODE_ENV is production. It is for development and tests: " +
      "everyone who reaches it can act as any of its users.",
  );
}

function isProduction(): boolean {
  try {
    return process.env["NODE_ENV"] === "production";
  } catch {
    // Deno without the permission to read the environment throws.
    return false;
  }
}
