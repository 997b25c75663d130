import { createServer, type IncomingMessage, type ServerOptions } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { createCalHandlers, type HandlerErrorEvent } from "../../../src/handlers/index.js";
import { toNodeHandler } from "../../../src/node/index.js";
import { CalClient, memoryTokenStore } from "../../../src/index.js";
import { SECRET } from "../../support/handlers-app.js";
import { signpost } from "./signpost.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** The bridge on a port. `outcomes` has how each of its promises ended. */
async function serve(handle: (request: Request) => Promise<Response>, options: ServerOptions = {}) {
  const bridge = toNodeHandler(handle);
  const outcomes: ("answered" | "failed")[] = [];
  const incoming: IncomingMessage[] = [];
  const server = createServer(options, (request, response) => {
    incoming.push(request);
    bridge(request, response).then(
      () => outcomes.push("answered"),
      () => outcomes.push("failed"),
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

function say(port: number, request: string): Socket {
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

/** The handlers, with a session that is looked up for as long as the test wants. */
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

describe("a client that goes away", () => {
  const bodies: [string, string][] = [
    ["in the middle of its body", '{"calendarType":'],
    ["when its body has been sent", '{"calendarType":"google"}'.padEnd(100)],
  ];
  test.each(bodies)(
    "%s, while its session is looked up: the request ends, and is nobody's error",
    async (_, body) => {
      const { reached: lookedUp, reach: lookUp } = signpost();
      const { handle, errors } = handlers(() => lookedUp);
      const { port, outcomes, incoming } = await serve(handle);
      const socket = say(port, sync("Content-Length: 100") + body);
      await expect.poll(() => incoming.length).toBe(1);
      socket.resetAndDestroy();
      await expect.poll(() => incoming[0]!.destroyed).toBe(true);
      lookUp();
      // It would wait for a body that never comes, for ever, and be one more each time.
      await expect.poll(() => outcomes).toEqual(["answered"]);
      expect(errors).toEqual([]);
    },
  );

  test("before its answer: nothing is thrown", async () => {
    const { reached: isReady, reach: answer } = signpost();
    const { port, outcomes, incoming } = await serve(async () => {
      await isReady;
      return new Response("x".repeat(5_000_000));
    });
    const socket = say(port, get());
    await expect.poll(() => incoming.length).toBe(1);
    socket.resetAndDestroy();
    await expect.poll(() => incoming[0]!.destroyed).toBe(true);
    answer();
    await expect.poll(() => outcomes).toEqual(["answered"]);
  });

  test("in the middle of a long answer: nothing is thrown", async () => {
    const { port, outcomes } = await serve(() => Promise.resolve(new Response("x".repeat(5_000_000))));
    const socket = say(port, get());
    socket.once("data", () => socket.resetAndDestroy());
    await expect.poll(() => outcomes).toEqual(["answered"]);
  });
});

describe("a body without an end", () => {
  test("is given up when the server's time for a request is, and is nobody's error", async () => {
    const { handle, errors } = handlers();
    const { port, outcomes } = await serve(handle, {
      requestTimeout: 100,
      headersTimeout: 100,
      connectionsCheckingInterval: 20,
    });
    const socket = say(port, sync("Transfer-Encoding: chunked") + "1\r\n{\r\n");
    const drip = setInterval(() => socket.write("1\r\n \r\n"), 10);
    closing.push(() => clearInterval(drip));
    expect(await text(socket)).toContain("408");
    await expect.poll(() => outcomes).toEqual(["answered"]);
    expect(errors).toEqual([]);
  });

  test("is answered as too large when it is, without waiting for its end", async () => {
    const { handle } = handlers();
    const { port } = await serve(handle);
    const socket = say(port, sync("Transfer-Encoding: chunked"));
    const chunk = `400\r\n${" ".repeat(0x400)}\r\n`;
    const more = () => socket.writable && socket.write(chunk, () => setImmediate(more));
    more();
    const [head] = (await new Promise<Buffer>((resolve) => socket.once("data", resolve)))
      .toString()
      .split("\r\n");
    expect(head).toContain("413");
  });
});

test("a body is read no faster than it is asked for", async () => {
  const SIZE = 32 * 2 ** 20;
  const { reached: mayGoOn, reach: goOn } = signpost();
  let pulled = 0;
  const { port, incoming, outcomes } = await serve(async (request) => {
    const reader = request.body!.getReader();
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      if (pulled === 0) {
        pulled += value!.byteLength;
        await mayGoOn;
      } else pulled += value!.byteLength;
    }
    return new Response(String(pulled));
  });
  const socket = say(port, post("/", `Content-Length: ${SIZE}`, "Connection: close"));
  const answer = text(socket);
  let sent = 0;
  const chunk = Buffer.alloc(2 ** 16);
  const send = () => {
    while (sent < SIZE) {
      sent += chunk.length;
      if (!socket.write(chunk)) return void socket.once("drain", send);
    }
  };
  send();
  // Until the client can send no more: the system's buffers are full, and nobody empties them.
  let before = -1;
  await expect
    .poll(
      () => {
        const isStill = sent === before;
        before = sent;
        return isStill && sent > 0 && pulled > 0;
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true);
  // What this process holds of it: one piece, and the one that came with it.
  expect(pulled).toBeLessThanOrEqual(2 ** 16);
  expect(incoming[0]!.readableLength).toBeLessThanOrEqual(2 ** 18);
  expect(incoming[0]!.socket.bytesRead).toBeLessThan(SIZE / 4);
  goOn();
  expect((await answer).endsWith(`\r\n\r\n${SIZE}`)).toBe(true);
  expect(pulled).toBe(SIZE);
  await expect.poll(() => outcomes).toEqual(["answered"]);
});

test("a client that waits to be told to go on with its body is told", async () => {
  const { port } = await serve(async (request) => new Response(await request.text()));
  const socket = say(port, post("/", "Content-Length: 4", "Expect: 100-continue", "Connection: close"));
  const first = (await new Promise<Buffer>((resolve) => socket.once("data", resolve))).toString();
  expect(first).toContain("100 Continue");
  socket.write("ping");
  expect(await text(socket)).toMatch(/\r\n\r\nping$/);
});

test("headers that are too large are refused before any handler sees them", async () => {
  let calls = 0;
  const { port } = await serve(() => Promise.resolve(new Response(String((calls += 1)))));
  const socket = say(port, get(`Cookie: a=${"x".repeat(20_000)}`));
  expect(await text(socket)).toContain("431");
  expect(calls).toBe(0);
});
