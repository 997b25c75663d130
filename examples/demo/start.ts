import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createApp } from "./app.js";
import { buildAssets } from "./assets.js";
import { startServices, type DemoServices } from "./services.js";

/** A running demo. */
export interface Demo {
  /** Where it is: `http://127.0.0.1:PORT`. */
  origin: string;
  services: DemoServices;
  stop(): Promise<void>;
}

/** Answers a request, as the application does. */
export type Answer = (request: Request) => Response | Promise<Response>;

/** Starts all of the demo. Port 0 is any that is free; `watch` may see every request and its answer. */
export async function startDemo(
  env: NodeJS.ProcessEnv,
  { port = 0, watch = (answer) => answer }: { port?: number; watch?: (answer: Answer) => Answer } = {},
): Promise<Demo> {
  const [services, assets] = await Promise.all([startServices(env), buildAssets()]);
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
  // The application has to know its address, which is known only now.
  const app = createApp(services, origin, assets);
  const listener = getRequestListener(watch((request) => app.fetch(request)));
  server.on("request", (incoming, outgoing) => void listener(incoming, outgoing));
  return {
    origin,
    services,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      // Pages that are open keep listening for news.
      server.closeAllConnections();
      await closed;
      await services.stop();
    },
  };
}
