import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Telemetry } from "calbridge";
import { createApp } from "./app.js";
import { buildAssets } from "./assets.js";
import { registerApplication, startServices, type DemoServices } from "./services.js";

/** A running demo. */
export interface Demo {
  /** The demo's origin: `http://127.0.0.1:PORT`. */
  origin: string;
  services: DemoServices;
  stop(): Promise<void>;
}

/** Handles a request, as the application does. */
export type RequestHandler = (request: Request) => Response | Promise<Response>;

/** Starts the demo. Port 0 means any free port. `watch` wraps the request handler, so that a test can record responses. */
export async function startDemo(
  env: NodeJS.ProcessEnv,
  {
    port = 0,
    watch = (handler) => handler,
    telemetry,
  }: {
    port?: number;
    watch?: (handler: RequestHandler) => RequestHandler;
    telemetry?: Telemetry | undefined;
  } = {},
): Promise<Demo> {
  const [services, assets] = await Promise.all([startServices(env, telemetry), buildAssets()]);
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (cause) {
    await services.stop();
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
    throw new Error(`Port ${String(port)} is in use. Choose another one with --port.`, { cause });
  }
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  if (services.emulator) registerApplication(services.emulator, origin);
  // The application needs its origin, which is known only after listen().
  const app = createApp(services, origin, assets);
  const listener = getRequestListener(watch((request) => app.fetch(request)));
  server.on("request", (incoming, outgoing) => void listener(incoming, outgoing));
  return {
    origin,
    services,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      // Open pages have an EventSource connection that never ends by itself.
      server.closeAllConnections();
      await closed;
      await services.stop();
    },
  };
}
