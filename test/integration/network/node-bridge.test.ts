import { createServer, type IncomingMessage, type ServerOptions } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { createCalHandlers, type HandlerErrorEvent } from "../../../src/handlers/index.js";
import { toNodeHandler } from "../../../src/node/index.js";
import { CalClient, memoryTokenStore } from "../../../src/index.js";
import { SECRET } from "../../support/handlers-app.js";
import { deferred } from "../../support/deferred.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Serves with toNodeHandler. `outcomes` has how each of its promises settled. */
async function serve(handle: (request: Request) => Promise<Response>, options: ServerOptions = {}) {
  const bridge = toNodeHandler(handle);
  const outcomes: ("resolved" | "rejected")[] = [];
  const incoming: IncomingMessage[] = [];
  const server = createServer(options, (request, response) => {
    incoming.push(request);
    bridge(request, response).then(
      () => outcomes.push("resolved"),
      () => outcomes.push("rejected"),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { port, outcomes, incoming };
}

function send(port: number, request: string): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  closing.push(() => socket.destroy());
  socket.write(request);
  return socket;
}

const get = (...headers: string[]) =>
  ["GET / HTTP/1.1", "Host: app.example", ...headers, "", ""].join("\r\n");
const post = (path: string, ...headers: string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    "Host: app.example",
    "Content-Type: application/json",
    "Cookie: session=ada",
    ...headers,
    "",
    "",
  ].join("\r\n");
const sync = (...headers: string[]) => post("/api/cal/calendars/sync-credentials", ...headers);

/** The handlers, with an `authenticate` that takes as long as the test wants. */
function handlers(authenticate = () => Promise.resolve()) {
  const errors: HandlerErrorEvent[] = [];
  const client = new CalClient({
    managedUsers: { clientId: "c", clientSecret: "the-secret" },
    tokenStore: memoryTokenStore(),
  });
  const { handle } = createCalHandlers({
    client,
    authenticate: async () => {
      await authenticate();
      return { userId: "ada", email: "ada@users.example", name: "Ada" };
    },
    stateSecret: SECRET,
    appUrl: "https://app.example",
    successUrl: "/connected",
    onError: (event) => void errors.push(event),
  });
  return { handle, errors };
}

describe("a client that disconnects", () => {
  const bodies: [string, string][] = [
    ["in the middle of its body", '{"calendarType":'],
    ["after its body", '{"calendarType":"google"}'.padEnd(100)],
  ];
  test.each(bodies)(
    "when a client disconnects %s, during authenticate, the request ends and is no error",
    async (_, body) => {
      const { promise: lookedUp, resolve: lookUp } = deferred();
      const { handle, errors } = handlers(() => lookedUp);
      const { port, outcomes, incoming } = await serve(handle);
      const socket = send(port, sync("Content-Length: 100") + body);
      await expect.poll(() => incoming.length).toBe(1);
      socket.resetAndDestroy();
      await expect.poll(() => incoming[0]!.destroyed).toBe(true);
      lookUp();
      // Otherwise each such request would wait forever for its body.
      await expect.poll(() => outcomes).toEqual(["resolved"]);
      expect(errors).toEqual([]);
    },
  );

  test("when a client disconnects before the response, nothing is thrown", async () => {
    const { promise: isReady, resolve: respond } = deferred();
    const { port, outcomes, incoming } = await serve(async () => {
      await isReady;
      return new Response("x".repeat(5_000_000));
    });
    const socket = send(port, get());
    await expect.poll(() => incoming.length).toBe(1);
    socket.resetAndDestroy();
    await expect.poll(() => incoming[0]!.destroyed).toBe(true);
    respond();
    await expect.poll(() => outcomes).toEqual(["resolved"]);
  });

  test("when a client disconnects in the middle of a long response, nothing is thrown", async () => {
    const { port, outcomes } = await serve(() => Promise.resolve(new Response("x".repeat(5_000_000))));
    const socket = send(port, get());
    socket.once("data", () => socket.resetAndDestroy());
    await expect.poll(() => outcomes).toEqual(["resolved"]);
  });
});

describe("a request body without an end", () => {
  test("a request body that takes longer than requestTimeout ends with 408 and is no error", async () => {
    const { handle, errors } = handlers();
    const { port, outcomes } = await serve(handle, {
      requestTimeout: 1000,
      headersTimeout: 1000,
      connectionsCheckingInterval: 20,
    });
    // Nothing more is sent: what arrived after the server's end of the connection would take back its response.
    const socket = send(port, sync("Transfer-Encoding: chunked") + "1\r\n{\r\n");
    expect(await text(socket)).toContain("408");
    await expect.poll(() => outcomes).toEqual(["resolved"]);
    expect(errors).toEqual([]);
  });

  test("a request body that is too large is rejected with 413 before its end", async () => {
    const { handle } = handlers();
    const { port } = await serve(handle);
    const socket = send(port, sync("Transfer-Encoding: chunked"));
    const chunk = `400\r\n${" ".repeat(0x400)}\r\n`;
    const more = () => socket.writable && socket.write(chunk, () => setImmediate(more));
    more();
    const [head] = (await new Promise<Buffer>((resolve) => socket.once("data", resolve)))
      .toString()
      .split("\r\n");
    expect(head).toContain("413");
  });
});

test("a request body is not read faster than the handler reads it", async () => {
  const SIZE = 32 * 2 ** 20;
  const { promise: mayContinue, resolve: continueReading } = deferred();
  let pulled = 0;
  const { port, incoming, outcomes } = await serve(async (request) => {
    const reader = request.body!.getReader();
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      if (pulled === 0) {
        pulled += value!.byteLength;
        await mayContinue;
      } else pulled += value!.byteLength;
    }
    return new Response(String(pulled));
  });
  const socket = send(port, post("/", `Content-Length: ${SIZE}`, "Connection: close"));
  const response = text(socket);
  let sent = 0;
  const chunk = Buffer.alloc(2 ** 16);
  const sendBody = () => {
    while (sent < SIZE) {
      sent += chunk.length;
      if (!socket.write(chunk)) return void socket.once("drain", sendBody);
    }
  };
  sendBody();
  // Wait until the client can send no more, because the system's buffers are full.
  let before = -1;
  await expect
    .poll(
      () => {
        const isBlocked = sent === before;
        before = sent;
        return isBlocked && sent > 0 && pulled > 0;
      },
      { interval: 200, timeout: 60_000 },
    )
    .toBe(true);
  // The process holds one chunk, and what was received together with it.
  expect(pulled).toBeLessThanOrEqual(2 ** 16);
  expect(incoming[0]!.readableLength).toBeLessThanOrEqual(2 ** 18);
  expect(incoming[0]!.socket.bytesRead).toBeLessThan(SIZE / 4);
  continueReading();
  expect((await response).endsWith(`\r\n\r\n${SIZE}`)).toBe(true);
  expect(pulled).toBe(SIZE);
  await expect.poll(() => outcomes).toEqual(["resolved"]);
});

test("a client that sends Expect: 100-continue gets 100 Continue", async () => {
  const { port } = await serve(async (request) => new Response(await request.text()));
  const socket = send(port, post("/", "Content-Length: 4", "Expect: 100-continue", "Connection: close"));
  const first = (await new Promise<Buffer>((resolve) => socket.once("data", resolve))).toString();
  expect(first).toContain("100 Continue");
  socket.write("ping");
  expect(await text(socket)).toMatch(/\r\n\r\nping$/);
});

test("headers that are too large are rejected with 431 before the handler is called", async () => {
  let calls = 0;
  const { port } = await serve(() => Promise.resolve(new Response(String((calls += 1)))));
  const socket = send(port, get(`Cookie: a=${"x".repeat(20_000)}`));
  expect(await text(socket)).toContain("431");
  expect(calls).toBe(0);
});
