import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Handle } from "./fetch.js";

export interface Listening {
  url: string;
  close(): Promise<void>;
}

/** Serves the emulator over HTTP. Node, Bun and Deno only, and so loaded when it is asked for. */
export async function listen(handle: Handle, options: { port: number; host: string }): Promise<Listening> {
  const listener = getRequestListener(
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
    // The adapter would replace `Request` and `Response` for the whole process.
    { overrideGlobalObjects: false },
  );
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  // As Cal.com: a socket that is used again after that long can be reset.
  server.keepAliveTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // Tests open thousands of connections at once: Node's queue for them would overflow, and make clients wait.
    server.listen({ ...options, backlog: 4096 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Including those that hang.
        server.closeAllConnections();
      }),
  };
}

/** Announces the whole body, sends half of it and hangs up. */
function sendHalf(outgoing: ServerResponse, response: Response, body: Uint8Array): void {
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    "Content-Length": String(body.length),
  });
  outgoing.write(body.slice(0, Math.floor(body.length / 2)), () => outgoing.socket?.destroy());
}
