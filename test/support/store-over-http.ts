import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TokenStore } from "../../src/tokens/token-store.js";

// A store that several processes share without a database: one of them has it in memory, and serves it over HTTP.

type Method = keyof TokenStore;

function revive(_key: string, value: unknown): unknown {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? new Date(value) : value;
}

/** Serves a store on a port of this machine. */
export async function serveStore(store: Required<TokenStore>): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    void (async () => {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      const { method, args } = JSON.parse(text, revive) as { method: Method; args: unknown[] };
      const run = store[method] as (...given: unknown[]) => Promise<unknown>;
      response.end(JSON.stringify({ value: (await run(...args)) ?? null }));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

/** The store that another process serves. */
export function storeOver(url: string): Required<TokenStore> {
  const call =
    (method: Method) =>
    async (...args: unknown[]): Promise<unknown> => {
      const response = await fetch(url, { method: "POST", body: JSON.stringify({ method, args }) });
      return (JSON.parse(await response.text(), revive) as { value: unknown }).value;
    };
  return new Proxy({} as Required<TokenStore>, {
    get: (_, method) => call(method as Method),
    ownKeys: () => methods,
    getOwnPropertyDescriptor: (_, method) => ({
      configurable: true,
      enumerable: true,
      value: call(method as Method),
    }),
  });
}

const methods: Method[] = ["get", "set", "delete", "acquireLease", "releaseLease"];
