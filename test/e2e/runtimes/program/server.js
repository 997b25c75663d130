// For the runtimes that have node:http.
import { createServer, request as httpRequest } from "node:http";
import { connectAndDisconnect, createApp } from "./handlers.js";
import { createBrowser, equal, ORIGIN } from "./support.js";

// Not fetch, which does not send cookies and Sec-Fetch-Site.
function send(port, url, { method = "GET", headers, body }) {
  const { pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: "127.0.0.1", port, method, headers, path: pathname + search, agent: false },
      (incoming) => {
        const chunks = [];
        incoming.on("data", (chunk) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const { statusCode: status, rawHeaders } = incoming;
          const received = new Headers();
          for (let n = 0; n < rawHeaders.length; n += 2) received.append(rawHeaders[n], rawHeaders[n + 1]);
          const text = new TextDecoder().decode(concat(chunks));
          resolve({ status, headers: received, json: async () => JSON.parse(text) });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function concat(chunks) {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

export const server = [
  {
    name: "toNodeHandler with node:http",
    async run(modules) {
      const app = createApp(modules);
      const listening = createServer(modules.node.toNodeHandler(app.handle));
      await new Promise((resolve) => listening.listen(0, "127.0.0.1", resolve));
      const { port } = listening.address();
      try {
        await connectAndDisconnect(
          app,
          createBrowser((url, init) => send(port, url, init), "ada"),
        );
        const unknown = await send(port, `${ORIGIN}/api/cal/no-such-route`, {});
        equal([unknown.status, (await unknown.json()).error.code], [404, "not_found"], "an unknown route");
      } finally {
        await new Promise((resolve) => listening.close(resolve));
      }
    },
  },
];
