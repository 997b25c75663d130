import { gzipSync } from "node:zlib";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { CalClient, isCalError, type CalErrorCode } from "../../../src/index.js";
import { rejection, storeOfAda } from "../../support/client.js";
import { answer, startBadServer, type BadServer, type Behaviour } from "./bad-server.js";
import { useRealFetch } from "./real-fetch.js";

useRealFetch();

const ada = JSON.stringify({ status: "success", data: { id: 101, email: "ada@example.com" } });
const good = answer(ada);
const zipped = gzipSync(ada);
const half = ada.slice(0, 30);
const head = (...headers: string[]) => ["HTTP/1.1 200 OK", ...headers, "", ""].join("\r\n");
const chunked = head("Transfer-Encoding: chunked");
const hex = (text: string) => Buffer.byteLength(text).toString(16);

/** Writes, and leaves the connection open. */
const say =
  (...pieces: (string | Uint8Array)[]): Behaviour =>
  (socket) =>
    void socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
/** Writes, and hangs up. */
const sayAndEnd =
  (text: string): Behaviour =>
  (socket) =>
    void socket.end(text);
/** Goes on as long as the client listens. */
const forEver =
  (begin: string, piece: () => string): Behaviour =>
  (socket) => {
    socket.write(begin);
    const more = () => socket.writable && socket.write(piece(), () => setTimeout(more, 1));
    more();
  };

interface BadAnswer {
  behave: Behaviour;
  /** What the caller gets, if it is all that ever comes. */
  code: CalErrorCode;
  /** Whether the next attempt may have a better one. */
  isRepeated: boolean;
  /** Whether only the time limit ends it. */
  isSlow?: boolean;
}
const passing = (behave: Behaviour): BadAnswer => ({ behave, code: "network_error", isRepeated: true });
const slow = (behave: Behaviour): BadAnswer => ({ behave, code: "timeout", isRepeated: true, isSlow: true });
const final = (behave: Behaviour, code: CalErrorCode = "invalid_response"): BadAnswer => ({
  behave,
  code,
  isRepeated: false,
});

const badAnswers: Record<string, BadAnswer> = {
  "the connection is reset": passing((socket) => void socket.resetAndDestroy()),
  "the connection is closed": passing(sayAndEnd("")),
  "half of the headers, then a close": passing(sayAndEnd("HTTP/1.1 200 OK\r\nContent-Ty")),
  "half of the headers, then a reset": passing(
    (socket) => void socket.write("HTTP/1.1 200 OK\r\nConte", () => socket.resetAndDestroy()),
  ),
  "half of a body whose length was told": passing(sayAndEnd(head("Content-Length: 500") + half)),
  "half of a chunk": passing(sayAndEnd(`${chunked}c8\r\n${half}`)),
  "chunks without the last one": passing(sayAndEnd(`${chunked}${hex(ada)}\r\n${ada}\r\n`)),
  "a chunk's size that is no number": passing(say(`${chunked}zz\r\n${ada}\r\n0\r\n\r\n`)),
  "a compressed body that is cut": passing((socket) => {
    socket.write(head("Content-Encoding: gzip", `Content-Length: ${zipped.length}`));
    socket.end(zipped.subarray(0, 20));
  }),
  "a body that is said to be compressed": passing(
    say(head("Content-Encoding: gzip", `Content-Length: ${hex(ada)}`) + ada),
  ),
  "another protocol": passing(sayAndEnd("SSH-2.0-OpenSSH_9.6\r\n")),
  "another protocol that waits": passing(say("220 mail.example ESMTP\r\n")),
  "a body and no headers": passing(sayAndEnd(ada)),
  "two lengths": passing(say(answer(ada, { headers: ["Content-Length: 3"] }))),
  "a length and chunks": passing(say(answer(ada, { headers: ["Transfer-Encoding: chunked"] }))),
  "a header with a zero byte": passing(say(answer(ada, { headers: ["X-A: a\0b"] }))),
  "headers of 20 kB": passing(say(answer(ada, { headers: [`X-A: ${"x".repeat(20_000)}`] }))),
  "a protocol switch nobody asked for": passing(
    say(answer(ada, { status: "101 Switching", headers: ["Connection: upgrade", "Upgrade: x"] })),
  ),
  silence: slow(() => undefined),
  "half of the headers, then silence": slow(say("HTTP/1.1 200 OK\r\nConte")),
  "half of a body, then silence": slow(say(head("Content-Length: 500"), half)),
  "headers without an end": slow(forEver("HTTP/1.1 200 OK\r\n", () => "X-A: b\r\n")),
  "a body without an end": slow(forEver(chunked, () => "1\r\n \r\n")),
  "a body shorter than it is": final(say(head(`Content-Length: 5`) + ada)),
  // Neither Node's gunzip nor a body that ends with its connection tells that something is missing.
  "a compressed body that is cut, and its length with it": final(
    say(head("Content-Encoding: gzip", "Content-Length: 20"), zipped.subarray(0, 20)),
  ),
  "half of a body that ends with its connection": final(sayAndEnd(head() + half)),
  "a page to sign in to a network": final(say(answer("<html>Welcome to the hotel</html>"))),
  "no content, with content": final(say(answer(ada, { status: "204 No Content" }))),
  "a status that is none": final(say(answer(ada, { status: "999 Request denied" })), "server_error"),
  "not modified": final(say("HTTP/1.1 304 Not Modified\r\n\r\n"), "api_error"),
};

const fine: Record<string, Behaviour> = {
  "in small pieces": async (socket) => {
    for (const letter of good) {
      socket.write(letter);
      await new Promise(setImmediate);
    }
  },
  compressed: say(head("Content-Encoding: gzip", `Content-Length: ${zipped.length}`), zipped),
  "in chunks": say(`${chunked}1\r\n{\r\n${hex(ada.slice(1))}\r\n${ada.slice(1)}\r\n0\r\n\r\n`),
  "that ends with its connection": sayAndEnd(head() + ada),
  "before which the server closes": sayAndEnd(answer(ada, { headers: ["Connection: close"] })),
  "sent twice": say(good, good),
  "after early hints": say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", good),
};

const servers: BadServer[] = [];
afterAll(async () => {
  for (const server of servers) await server.close();
});

async function start(behave: Behaviour, retries: number, timeoutMs = 5_000) {
  const sockets: Socket[] = [];
  const server = await startBadServer((socket, request) => {
    sockets.push(socket);
    return behave(socket, request);
  });
  servers.push(server);
  const cal = new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    baseUrl: server.origin,
    tokenStore: await storeOfAda(),
    retry: { limit: retries },
    timeoutMs,
  });
  return { server, sockets, cal, ask: () => cal.forUser("ada").profile() };
}

describe.concurrent("a bad answer", () => {
  const limit = ({ isSlow }: BadAnswer) => (isSlow ? 800 : 10_000);

  test.each(Object.entries(badAnswers))("again and again: %s", async (_, bad) => {
    const { ask, server, sockets } = await start(bad.behave, 1, limit(bad));
    const error = await rejection(ask());
    expect(isCalError(error), String(error)).toBe(true);
    expect(error).toMatchObject({ code: bad.code });
    expect(server.requests).toHaveLength(bad.isRepeated ? 2 : 1);
    // Nobody goes on reading what nobody wants any more.
    if (bad.isSlow) await expect.poll(() => sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  test.each(Object.entries(badAnswers).filter(([, { isRepeated }]) => isRepeated))(
    "once, and then a good one: %s",
    async (_, bad) => {
      let count = 0;
      const once: Behaviour = (...args) => ((count += 1) === 1 ? bad.behave(...args) : say(good)(...args));
      const { ask } = await start(once, 9, limit(bad));
      expect(await ask()).toMatchObject({ id: 101 });
    },
  );

  test.each(Object.entries(badAnswers))("to a call that may not be repeated: %s", async (_, bad) => {
    const { cal, server } = await start(bad.behave, 9, limit(bad));
    const create = cal.managedUsers.create({ email: "new@example.com", name: "New" });
    const { code } = bad;
    expect(await rejection(create)).toMatchObject({ code });
    expect(server.requests).toHaveLength(1);
    // Another call, by which a repeat that was only late would be seen, or a connection that is out of step.
    await rejection(cal.managedUsers.update(101, { name: "N" }));
    expect(server.requests.map(({ method }) => method)).toEqual(["POST", "PATCH"]);
  });
});

test.each(Object.entries(fine))("an answer %s is as good as any", async (_, behave) => {
  const { ask } = await start(behave, 0);
  expect(await ask()).toMatchObject({ id: 101 });
  expect(await ask()).toMatchObject({ id: 101 });
});

test("a status that is none, at a repeat", async () => {
  let count = 0;
  const { ask } = await start(
    (socket) =>
      (count += 1) === 1
        ? void socket.resetAndDestroy()
        : void socket.write(answer(ada, { status: "999 No" })),
    1,
  );
  expect(await rejection(ask())).toMatchObject({ name: "CalApiError", code: "server_error", status: 999 });
});

describe("an answer of gigabytes", () => {
  const page = Buffer.alloc(2 ** 20, " ");
  const flood: Behaviour = (socket) => {
    socket.write(chunked);
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), page, Buffer.from("\r\n")]);
    const more = () => socket.writable && socket.write(chunk, () => setImmediate(more));
    more();
  };
  const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, " "));

  const huge: [string, Behaviour][] = [
    ["that never ends", flood],
    ["that says how long it is", (socket) => void socket.write(head("Content-Length: 99999999999") + ada)],
    [
      "that is small while it is compressed",
      say(head("Content-Encoding: gzip", `Content-Length: ${bomb.length}`), bomb),
    ],
  ];
  test.each(huge)("%s is read up to 16 MB at most", async (name, behave) => {
    const { ask, sockets, server } = await start(behave, 2, 15_000);
    const error = await rejection(ask());
    expect(error).toMatchObject({ code: "invalid_response", status: 200 });
    expect(String(error)).toContain("16 MB");
    expect(server.requests).toHaveLength(1);
    // What is compressed has come in whole, so there the connection is as good as new.
    if (name !== huge[2]![0]) await expect.poll(() => sockets[0]!.destroyed).toBe(true);
  });
});

test("a fetch whose answers have no Web streams, as node-fetch's have none, is read all the same", async () => {
  const cal = new CalClient({
    managedUsers: { clientId: "c", clientSecret: "s" },
    baseUrl: "http://127.0.0.1:1/v2",
    fetch: async () => {
      const response = new Response(ada);
      const body = Readable.from([Buffer.from(ada)]);
      return Promise.resolve(
        new Proxy(response, { get: (_, name) => (name === "body" ? body : bound(response, name)) }),
      );
    },
    tokenStore: await storeOfAda(),
  });
  expect(await cal.forUser("ada").profile()).toMatchObject({ id: 101 });
});

function bound(target: Response, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? (value.bind(target) as unknown) : value;
}
