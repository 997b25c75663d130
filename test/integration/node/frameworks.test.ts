import type { RequestListener } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import express4 from "express4";
import fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { afterEach, describe, expect, test } from "vitest";
import { CalClient, memoryTokenStore, type CalClientOptions } from "../../../src/index.js";
import { createCalHandlers, type CalHandlers, type CalHandlersOptions } from "../../../src/handlers/index.js";
import { toNodeHandler } from "../../../src/node/index.js";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { SCOPES } from "../../support/oauth2-emulator.js";
import { walk } from "../../support/walk.js";
import { walkLinking } from "../../support/walk-linking.js";
import { serve } from "../../support/framework-servers.js";
import { authenticate, SECRET } from "../../support/handlers-app.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const quietly =
  (listener: (...args: Parameters<RequestListener>) => Promise<void>): RequestListener =>
  (...args) =>
    void listener(...args);

/** The pages of the application itself: a sign-in, which sets a cookie, and a page. */
async function ownPages(...[incoming, outgoing]: Parameters<RequestListener>): Promise<void> {
  const user = new URLSearchParams(await text(incoming)).get("user") ?? "";
  outgoing.writeHead(200, { "set-cookie": [`session=${user}; Path=/`, "other=x; Path=/"] }).end();
}

type Mount = (handlers: CalHandlers) => RequestListener | Promise<RequestListener>;

const servers: Record<string, Mount> = {
  "node:http": ({ handle }) => toNodeHandler(handle),
  Express: ({ handle }) => express().use("/api/cal", toNodeHandler(handle)),
  "Express behind a body parser": ({ handle }) =>
    express()
      .use(express.json(), express.urlencoded(), express.text())
      .all("/api/cal/*path", toNodeHandler(handle)),
  "Express, a route each": (handlers) =>
    express()
      .get("/api/cal/calendars/oauth-connect-url", toNodeHandler(handlers.oauthConnectUrl))
      .get("/api/cal/gcal-oauth-redirect", toNodeHandler(handlers.googleOauthRedirect))
      .get("/api/cal/office-oauth-redirect", toNodeHandler(handlers.officeOauthRedirect))
      .get("/api/cal/calendars/status", toNodeHandler(handlers.status))
      .post("/api/cal/calendars/sync-credentials", toNodeHandler(handlers.syncCredentials))
      .post("/api/cal/calendars/disconnect", toNodeHandler(handlers.disconnect))
      .get("/api/cal/oauth/authorize-url", toNodeHandler(handlers.oauthAuthorizeUrl))
      .all("/api/cal/oauth/callback", toNodeHandler(handlers.oauthCallback))
      .post("/api/cal/oauth/unlink", toNodeHandler(handlers.oauthUnlink))
      .get("/api/cal/refresh", toNodeHandler(handlers.refresh)),
  "Express 4": ({ handle }) => express4().use(express4.json()).use("/api/cal", toNodeHandler(handle)),
  Fastify: async ({ handle }) => {
    const app = fastify();
    app.all("/api/cal/*", toNodeHandler(handle));
    await app.ready();
    closing.push(() => app.close());
    return app.routing;
  },
  Koa: ({ handle }) => {
    const calendar = toNodeHandler(handle);
    return quietly(new Koa().use((context) => calendar(context)).callback());
  },
  Hono: ({ handle }) => {
    const app = new Hono().on(["GET", "POST"], "/api/cal/*", (context) => handle(context.req.raw));
    return quietly(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  },
};

/** Where Cal.com's authorize page leads back to. Its port is not known before there is a server. */
const callbackOf = (origin: string): string => `${origin}/api/cal/oauth/callback`;

/** How the users of a client have accounts at Cal.com. */
type ClientOf = (emulator: CalEmulator, origin: string) => Pick<CalClientOptions, "managedUsers" | "oauth">;

const managedUsers: ClientOf = ({ clientId, clientSecret }) => ({ managedUsers: { clientId, clientSecret } });

/** Own Cal.com accounts. */
const ownAccounts =
  (clientSecret?: string): ClientOf =>
  (emulator, origin) => {
    const secret = clientSecret === undefined ? {} : { secret: clientSecret };
    emulator.oauth2.clients.create({
      id: "app",
      redirectUris: [callbackOf(origin)],
      scopes: SCOPES,
      ...secret,
    });
    return { oauth: { clientId: "app", clientSecret, authorizeUrl: emulator.oauth2.authorizeUrl } };
  };

async function start(
  mount: Mount,
  options: Partial<CalHandlersOptions> = {},
  clientOf: ClientOf = managedUsers,
): Promise<{ origin: string; emulator: CalEmulator }> {
  const emulator = createCalEmulator();
  const calCom = await emulator.listen();
  closing.push(() => calCom.close());
  // The port is not known before there is a server.
  const listeners: RequestListener[] = [];
  const server = await serve((incoming, outgoing) => {
    if (["/sign-in", "/connected"].includes(incoming.url ?? "")) void ownPages(incoming, outgoing);
    else listeners[0]?.(incoming, outgoing);
  });
  closing.push(() => server.close());
  const client = new CalClient({
    ...clientOf(emulator, server.origin),
    baseUrl: calCom.url,
    tokenStore: memoryTokenStore(),
  } as CalClientOptions);
  const listener = await mount(
    createCalHandlers({
      client,
      authenticate,
      stateSecret: SECRET,
      appUrl: server.origin,
      successUrl: "/connected",
      exposeAccessToken: true,
      onError: () => undefined,
      ...options,
    }),
  );
  listeners.push(listener);
  return { origin: server.origin, emulator };
}

describe.each(Object.entries(servers))("%s", (name, mount) => {
  test("the whole flow", async () => {
    const { origin, emulator } = await start(mount);
    await walk({ origin, emulator, page: "/connected", exposesAccessToken: true });
  });

  test.each([
    ["with a secret", "app-secret"],
    ["without one", undefined],
  ])("the whole flow with own Cal.com accounts, a client %s", async (_name, clientSecret) => {
    const { origin, emulator } = await start(mount, {}, ownAccounts(clientSecret));
    await walkLinking({ origin, emulator, page: "/connected" });
  });

  // A body parser in front rejects such a body itself.
  const hasParser = ["Fastify", "Express 4", "Express behind a body parser"].includes(name);
  if (!hasParser) {
    test("a body that is too large gets a 413, and the next request on the connection works", async () => {
      const { origin } = await start(mount);
      for (let i = 0; i < 3; i += 1) {
        const response = await fetch(`${origin}/api/cal/calendars/sync-credentials`, {
          method: "POST",
          headers: { "content-type": "application/json", cookie: "session=ada" },
          body: "x".repeat(1_000_000),
        });
        expect(response.status).toBe(413);
        await response.text();
      }
    });
  }
});

/** Sends a request as it is, which a client would not send, and returns the response. */
async function sendRaw(origin: string, lines: string[], options: { closes?: boolean } = {}): Promise<string> {
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  socket.write([...lines, "Host: evil.example\\@x", "Connection: close", "", ""].join("\r\n"));
  if (options.closes) {
    socket.write('{"calendarType":', () => socket.destroy());
    return "";
  }
  return text(socket);
}

test("a client that closes the connection in the middle of its body causes no error", async () => {
  const errors: unknown[] = [];
  const { origin } = await start(servers["node:http"]!, { onError: ({ error }) => void errors.push(error) });
  const lines = [
    "POST /api/cal/calendars/sync-credentials HTTP/1.1",
    "Content-Type: application/json",
    "Content-Length: 100",
    "Cookie: session=ada",
  ];
  await sendRaw(origin, lines, { closes: true });
  for (let i = 0; i < 5; i += 1) {
    expect((await fetch(`${origin}/api/cal/calendars/status`)).status).toBe(401);
  }
  expect(errors).toEqual([]);
});

test("request targets that are not paths, and methods that a Web Request can't have", async () => {
  const { origin } = await start(servers["node:http"]!);
  const ask = async (method: string, path: string): Promise<string | undefined> =>
    (await sendRaw(origin, [`${method} ${path} HTTP/1.1`])).split(" ")[1];
  expect(await ask("GET", "http://evil.example/api/cal/calendars/status?x=1")).toBe("401");
  expect(await ask("GET", "//evil.example/api/cal/calendars/status")).toBe("404");
  expect(await ask("OPTIONS", "*")).toBe("404");
  expect(await ask("GET", "/api/cal/calendars/status/%")).toBe("404");
  expect(await ask("TRACE", "/api/cal/calendars/status")).toBe("501");
  expect(await ask("PROPFIND", "/api/cal/calendars/status")).toBe("405");
});

describe("a body that a middleware has read", () => {
  const body = JSON.stringify({ calendarType: "google" });
  const post = async (mount: Mount, type = "application/json") => {
    const { origin } = await start(mount);
    const response = await fetch(`${origin}/api/cal/calendars/sync-credentials`, {
      method: "POST",
      headers: { "content-type": type, cookie: "session=ada" },
      body,
    });
    return { status: response.status, text: await response.text() };
  };

  test.each<[string, Mount]>([
    ["Express, as JSON", ({ handle }) => express().use(express.json(), toNodeHandler(handle))],
    ["Express, as text", ({ handle }) => express().use(express.text({ type: "*/*" }), toNodeHandler(handle))],
    ["Express, as bytes", ({ handle }) => express().use(express.raw({ type: "*/*" }), toNodeHandler(handle))],
    [
      "Fastify, as text",
      async ({ handle }) => {
        const app = fastify();
        app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) =>
          done(null, text),
        );
        app.all("/api/cal/*", toNodeHandler(handle));
        await app.ready();
        closing.push(() => app.close());
        return app.routing;
      },
    ],
    [
      "Koa, into request.body",
      ({ handle }) => {
        const calendar = toNodeHandler(handle);
        const app = new Koa().use(async (context) => {
          Object.assign(context.request, { body: JSON.parse(await text(context.req)) as unknown });
          await calendar(context);
        });
        return quietly(app.callback());
      },
    ],
  ])("%s: it is used", async (_, mount) => {
    expect(await post(mount)).toMatchObject({ status: 200, text: expect.stringContaining("not_connected") });
  });

  test("and kept nowhere: 400, and what to do", async () => {
    const answer = await post(({ handle }) => {
      const calendar = toNodeHandler(handle);
      return quietly(async (incoming, outgoing) => {
        await text(incoming);
        await calendar(incoming, outgoing);
      });
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("was read before it reached the calendar routes");
  });
});

test("a cookie that other middleware has set stays", async () => {
  const { origin } = await start(({ handle }) =>
    express().use((_request, response, next) => {
      response.setHeader("set-cookie", "sid=1");
      next();
    }, toNodeHandler(handle)),
  );
  const response = await fetch(`${origin}/api/cal/calendars/oauth-connect-url?type=google`, {
    headers: { cookie: "session=ada" },
  });
  const cookies = response.headers.getSetCookie();
  expect(cookies).toHaveLength(2);
  expect(cookies[0]).toBe("sid=1");
});

// Express recognises an error handler by its four parameters.
// eslint-disable-next-line @typescript-eslint/no-unused-vars
const unavailable: express.ErrorRequestHandler = (_error, _request, response, _next) =>
  void response.status(503).end();

test("a handler that is mounted without toNodeHandler says so, in Express 4 as well", async () => {
  for (const make of [express, express4]) {
    const errors: unknown[] = [];
    const { origin } = await start(({ handle, status }) => {
      const app = make();
      // TypeScript would report it.
      app.use("/api/cal/calendars/status", status as never).use("/api/cal", handle as never);
      const note: express.ErrorRequestHandler = (error, request, response, next) => {
        errors.push(error);
        unavailable(error, request, response, next);
      };
      return app.use(note);
    });
    for (const path of ["/api/cal/refresh", "/api/cal/calendars/status"]) {
      expect((await fetch(origin + path)).status).toBe(503);
    }
    const message = expect.stringContaining("toNodeHandler(handlers.handle)") as string;
    expect(errors).toEqual([expect.objectContaining({ message }), expect.objectContaining({ message })]);
  }
});

test("toNodeHandler takes a handler, not the object of all handlers", () => {
  const all = {} as CalHandlers;
  expect(() => toNodeHandler(all as never)).toThrow(
    "toNodeHandler takes a handler, such as handlers.handle.",
  );
});

test("a request of a framework's own class, or of another realm, is accepted", async () => {
  class FrameworkRequest extends Request {}
  const { handle } = createCalHandlers({
    client: new CalClient({
      managedUsers: { clientId: "c", clientSecret: "s" },
      tokenStore: memoryTokenStore(),
    }),
    authenticate: () => null,
    stateSecret: SECRET,
    appUrl: "https://app.example",
    successUrl: "/",
  });
  const { url, method, headers } = new Request("https://app.example/api/cal/calendars/status");
  const foreign = { url, method, headers: { get: (name: string) => headers.get(name) } };
  for (const request of [new FrameworkRequest(url), foreign as unknown as Request]) {
    expect((await handle(request)).status).toBe(401);
  }
});

test("an error of a handler goes to Express's error handler", async () => {
  const { origin } = await start(() =>
    express()
      .use(toNodeHandler(() => Promise.reject(new Error("boom"))))
      .use(unavailable),
  );
  expect((await fetch(origin)).status).toBe(503);
});
