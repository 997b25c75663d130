import { gzipSync } from "node:zlib";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { CalClient, isCalError, type CalErrorCode } from "../../../src/index.js";
import { rejection, storeOfAda } from "../../support/client.js";
import { responseText, startBadServer, type BadServer, type Behaviour } from "./bad-server.js";
import { useRealFetch } from "./real-fetch.js";

useRealFetch();

const ada = JSON.stringify({ status: "success", data: { id: 101, email: "ada@example.com" } });
const good = responseText(ada);
const zipped = gzipSync(ada);
const partial = ada.slice(0, 30);
const head = (...headers: string[]) => ["HTTP/1.1 200 OK", ...headers, "", ""].join("\r\n");
const chunked = head("Transfer-Encoding: chunked");
const hex = (text: string) => Buffer.byteLength(text).toString(16);

/** Writes, and keeps the connection open. */
const send =
  (...pieces: (string | Uint8Array)[]): Behaviour =>
  (socket) =>
    void socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
/** Writes, and closes the connection. */
const sendAndClose =
  (text: string): Behaviour =>
  (socket) =>
    void socket.end(text);
/** Writes until the client closes the connection. */
const sendForever =
  (start: string, piece: () => string): Behaviour =>
  (socket) => {
    socket.write(start);
    const more = () => socket.writable && socket.write(piece(), () => setTimeout(more, 1));
    more();
  };

interface BadResponse {
  behave: Behaviour;
  /** The code of the error, if each attempt gets this response. */
  code: CalErrorCode;
  /** Whether the call is retried. */
  isRetried: boolean;
  /** Whether the attempt ends at its time limit. */
  isSlow?: boolean;
}
const transient = (behave: Behaviour): BadResponse => ({ behave, code: "network_error", isRetried: true });
const slow = (behave: Behaviour): BadResponse => ({ behave, code: "timeout", isRetried: true, isSlow: true });
const final = (behave: Behaviour, code: CalErrorCode = "invalid_response"): BadResponse => ({
  behave,
  code,
  isRetried: false,
});

const badResponses: Record<string, BadResponse> = {
  "the connection is reset": transient((socket) => void socket.resetAndDestroy()),
  "the connection is closed": transient(sendAndClose("")),
  "incomplete headers, then a close": transient(sendAndClose("HTTP/1.1 200 OK\r\nContent-Ty")),
  "incomplete headers, then a reset": transient(
    (socket) => void socket.write("HTTP/1.1 200 OK\r\nConte", () => socket.resetAndDestroy()),
  ),
  "a body shorter than its Content-Length": transient(sendAndClose(head("Content-Length: 500") + partial)),
  "an incomplete chunk": transient(sendAndClose(`${chunked}c8\r\n${partial}`)),
  "chunks without the last one": transient(sendAndClose(`${chunked}${hex(ada)}\r\n${ada}\r\n`)),
  "a chunk size that is not a number": transient(send(`${chunked}zz\r\n${ada}\r\n0\r\n\r\n`)),
  "an incomplete compressed body": transient((socket) => {
    socket.write(head("Content-Encoding: gzip", `Content-Length: ${zipped.length}`));
    socket.end(zipped.subarray(0, 20));
  }),
  "a body that is not compressed, with Content-Encoding: gzip": transient(
    send(head("Content-Encoding: gzip", `Content-Length: ${hex(ada)}`) + ada),
  ),
  "another protocol": transient(sendAndClose("SSH-2.0-OpenSSH_9.6\r\n")),
  "another protocol that keeps the connection open": transient(send("220 mail.example ESMTP\r\n")),
  "a body without headers": transient(sendAndClose(ada)),
  "two Content-Length headers": transient(send(responseText(ada, { headers: ["Content-Length: 3"] }))),
  "Content-Length and Transfer-Encoding: chunked": transient(
    send(responseText(ada, { headers: ["Transfer-Encoding: chunked"] })),
  ),
  "a header with a zero byte": transient(send(responseText(ada, { headers: ["X-A: a\0b"] }))),
  "headers of 20 kB": transient(send(responseText(ada, { headers: [`X-A: ${"x".repeat(20_000)}`] }))),
  "a protocol switch that was not requested": transient(
    send(responseText(ada, { status: "101 Switching", headers: ["Connection: upgrade", "Upgrade: x"] })),
  ),
  "no response": slow(() => undefined),
  "incomplete headers, then nothing": slow(send("HTTP/1.1 200 OK\r\nConte")),
  "an incomplete body, then nothing": slow(send(head("Content-Length: 500"), partial)),
  "headers without an end": slow(sendForever("HTTP/1.1 200 OK\r\n", () => "X-A: b\r\n")),
  "a body without an end": slow(sendForever(chunked, () => "1\r\n \r\n")),
  "a body longer than its Content-Length": final(send(head(`Content-Length: 5`) + ada)),
  // Node reports no missing bytes for a truncated gzip stream, or for a body that ends with the connection.
  "an incomplete compressed body with a matching Content-Length": final(
    send(head("Content-Encoding: gzip", "Content-Length: 20"), zipped.subarray(0, 20)),
  ),
  "an incomplete body that ends with the connection": final(sendAndClose(head() + partial)),
  "a sign-in page of a network": final(send(responseText("<html>Sign in to the network</html>"))),
  "status 204 with a body": final(send(responseText(ada, { status: "204 No Content" }))),
  "an invalid status": final(send(responseText(ada, { status: "999 Request denied" })), "server_error"),
  "not modified": final(send("HTTP/1.1 304 Not Modified\r\n\r\n"), "api_error"),
};

const valid: Record<string, Behaviour> = {
  "in small pieces": async (socket) => {
    for (const character of good) {
      socket.write(character);
      await new Promise(setImmediate);
    }
  },
  compressed: send(head("Content-Encoding: gzip", `Content-Length: ${zipped.length}`), zipped),
  "in chunks": send(`${chunked}1\r\n{\r\n${hex(ada.slice(1))}\r\n${ada.slice(1)}\r\n0\r\n\r\n`),
  "that ends with the connection": sendAndClose(head() + ada),
  "with Connection: close": sendAndClose(responseText(ada, { headers: ["Connection: close"] })),
  "that is sent twice": send(good, good),
  "after early hints": send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", good),
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
  return { server, sockets, cal, getProfile: () => cal.forUser("ada").profile() };
}

describe.concurrent("bad responses", () => {
  const limit = ({ isSlow }: BadResponse) => (isSlow ? 2_000 : 30_000);

  test.each(Object.entries(badResponses))("a typed error after each attempt gets: %s", async (_, bad) => {
    const { getProfile, server, sockets } = await start(bad.behave, 1, limit(bad));
    const error = await rejection(getProfile());
    expect(isCalError(error), String(error)).toBe(true);
    expect(error).toMatchObject({ code: bad.code });
    expect(server.requests).toHaveLength(bad.isRetried ? 2 : 1);
    // The client must not go on reading.
    if (bad.isSlow) await expect.poll(() => sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  test.each(Object.entries(badResponses).filter(([, { isRetried }]) => isRetried))(
    "a retry succeeds after: %s",
    async (_, bad) => {
      let count = 0;
      const once: Behaviour = (...args) => ((count += 1) === 1 ? bad.behave(...args) : send(good)(...args));
      const { getProfile } = await start(once, 9, limit(bad));
      expect(await getProfile()).toMatchObject({ id: 101 });
    },
  );

  test.each(Object.entries(badResponses))(
    "a call that is not idempotent is not retried after: %s",
    async (_, bad) => {
      const { cal, server } = await start(bad.behave, 9, limit(bad));
      const create = cal.managedUsers.create({ email: "new@example.com", name: "New" });
      const { code } = bad;
      expect(await rejection(create)).toMatchObject({ code });
      expect(server.requests).toHaveLength(1);
      // One more call, to detect a late retry or a connection with a wrong order of responses.
      await rejection(cal.managedUsers.update(101, { name: "N" }));
      expect(server.requests.map(({ method }) => method)).toEqual(["POST", "PATCH"]);
    },
  );
});

test.each(Object.entries(valid))("a response %s is read", async (_, behave) => {
  const { getProfile } = await start(behave, 0);
  expect(await getProfile()).toMatchObject({ id: 101 });
  expect(await getProfile()).toMatchObject({ id: 101 });
});

test("an invalid status at a retry is a CalApiError", async () => {
  let count = 0;
  const { getProfile } = await start(
    (socket) =>
      (count += 1) === 1
        ? void socket.resetAndDestroy()
        : void socket.write(responseText(ada, { status: "999 No" })),
    1,
  );
  expect(await rejection(getProfile())).toMatchObject({
    name: "CalApiError",
    code: "server_error",
    status: 999,
  });
});

describe("responses of gigabytes", () => {
  const megabyte = Buffer.alloc(2 ** 20, " ");
  const endless: Behaviour = (socket) => {
    socket.write(chunked);
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), megabyte, Buffer.from("\r\n")]);
    const more = () => socket.writable && socket.write(chunk, () => setImmediate(more));
    more();
  };
  const zipBomb = gzipSync(Buffer.alloc(64 * 2 ** 20, " "));

  const huge: [string, Behaviour][] = [
    ["that never ends", endless],
    [
      "with a Content-Length of gigabytes",
      (socket) => void socket.write(head("Content-Length: 99999999999") + ada),
    ],
    [
      "that is small when compressed",
      send(head("Content-Encoding: gzip", `Content-Length: ${zipBomb.length}`), zipBomb),
    ],
  ];
  test.each(huge)("a response %s is read up to 16 MB", async (name, behave) => {
    const { getProfile, sockets, server } = await start(behave, 2, 60_000);
    const error = await rejection(getProfile());
    expect(error).toMatchObject({ code: "invalid_response", status: 200 });
    expect(String(error)).toContain("16 MB");
    expect(server.requests).toHaveLength(1);
    // The compressed body has arrived completely, so its connection stays open.
    if (name !== huge[2]![0]) await expect.poll(() => sockets[0]!.destroyed).toBe(true);
  });
});

test("the response of a custom fetch without Web streams, such as node-fetch, is read", async () => {
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
