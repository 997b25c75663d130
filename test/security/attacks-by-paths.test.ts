import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { RequestListener } from "node:http";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import { afterEach, describe, expect, test } from "vitest";
import type { CalHandlers } from "../../src/handlers/index.js";
import { toNodeHandler } from "../../src/node/index.js";
import { serve } from "../support/framework-servers.js";
import { createApp } from "../support/handlers-app.js";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const GUARDED = "/api/cal/refresh";

/** Applications that guard one of our routes by its path, each as its framework does it. */
const applications: Record<string, (handlers: CalHandlers) => RequestListener | Promise<RequestListener>> = {
  Express: ({ handle }) =>
    express()
      .use(GUARDED, (_request, response) => void response.status(403).end())
      .use("/api/cal", toNodeHandler(handle)),
  Fastify: async ({ handle }) => {
    const app = fastify();
    app.all(GUARDED, (_request, reply) => reply.code(403).send());
    app.all("/api/cal/*", toNodeHandler(handle));
    await app.ready();
    closing.push(() => app.close());
    return app.routing;
  },
  Koa: ({ handle }) => {
    const calendar = toNodeHandler(handle);
    const app = new Koa().use(async (context) => {
      if (context.path === GUARDED) context.status = 403;
      else await calendar(context);
    });
    const listener = app.callback();
    return (...args) => void listener(...args);
  },
  "node:http": ({ handle }) => {
    const calendar = toNodeHandler(handle);
    return (request, response) => {
      if (request.url === GUARDED) response.writeHead(403).end();
      else void calendar(request, response);
    };
  },
};

/** Other spellings of the guarded path. Clients such as `fetch` would resolve them: these go over the wire as they are. */
const spellings = [
  "/api/cal/./refresh",
  "/api/cal/%2e/refresh",
  "/api/cal/%2E/refresh",
  "/api/cal/x/../refresh",
  "/api/cal/x/%2e%2e/refresh",
  "/api/cal/x/.%2e/refresh",
  "/api/cal/x/%2E./refresh",
  "/api/./cal/refresh",
  "/api/cal/../cal/refresh",
  "/x/../api/cal/refresh",
  "/api/cal/refresh/.",
  "/api/cal/refresh/x/..",
  "/api/cal/refresh/%2e",
  "/api/cal\\refresh",
  "\\api\\cal\\refresh",
  "/api/cal/x\\..\\refresh",
  "/api/cal//refresh",
  "//api/cal/refresh",
  "//evil.example/api/cal/refresh",
  "/api/cal/refresh;x",
  "/api/cal/%72efresh",
  "/API/cal/refresh",
  "/api/cal/refresh%00",
  "/api/cal/refresh%20",
  "http://app.example/api/cal/./refresh",
  "http://app.example/api/cal/x/%2e%2e/refresh",
  "http://app.example/../api/cal/refresh",
  "http://app.example\\api\\cal\\refresh",
  "http:/api/cal/refresh",
  "/api/cal/./refresh?x=1",
];

describe.each(Object.entries(applications))("wants to get past a guard on one path, in %s", (_, mount) => {
  test.each(spellings)("%s", async (target) => {
    const { origin } = await start(mount);
    const status = await statusOf(origin, target);
    // Whatever the framework itself makes of it; never the token.
    expect(["400", "403", "404", "405"]).toContain(status);
  });

  test("the path itself is guarded, and others work", async () => {
    const { origin } = await start(mount);
    expect(await statusOf(origin, GUARDED)).toBe("403");
    expect(await statusOf(origin, "/api/cal/calendars/status")).toBe("200");
    expect(await statusOf(origin, "/api/cal/calendars/status?x=../y&z=%2e%2e/")).toBe("200");
  });
});

test("the handlers without a guard have the token at its own path, and only there", async () => {
  const { origin } = await start(({ handle }) => toNodeHandler(handle));
  const found: string[] = [];
  for (const target of [GUARDED, ...spellings]) {
    if ((await statusOf(origin, target)) === "200") found.push(target);
  }
  expect(found).toEqual([GUARDED]);
});

test("wants to get past a guard on the base path, where all paths reach the handlers", async () => {
  const app = createApp();
  for (const path of ["/refresh", "/calendars/status", "/gcal-oauth-redirect"]) {
    const request = new Request(`https://app.example${path}`, { headers: { cookie: "session=ada" } });
    expect((await app.handlers.handle(request)).status).toBe(404);
  }
});

async function start(mount: (handlers: CalHandlers) => RequestListener | Promise<RequestListener>) {
  const app = createApp();
  const server = await serve(await mount(app.handlers));
  closing.push(() => server.close());
  return server;
}

/** The status of a GET by a signed-in user, whose target is sent as it is. */
async function statusOf(origin: string, target: string): Promise<string | undefined> {
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  const lines = [`GET ${target} HTTP/1.1`, "Host: app.example", "Cookie: session=ada", "Connection: close"];
  socket.write([...lines, "", ""].join("\r\n"));
  return (await text(socket)).split(" ")[1];
}
