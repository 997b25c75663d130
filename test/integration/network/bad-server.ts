import { createServer, type AddressInfo, type Socket } from "node:net";

/** A request as the server received it. */
export interface RawRequest {
  method: string;
  /** Path and query. */
  target: string;
  headers: Record<string, string>;
  body: string;
}

/** What a server does with one request. The next request on the socket waits until the promise resolves. */
export type Behaviour = (socket: Socket, request: RawRequest) => void | Promise<void>;

export interface BadServer {
  port: number;
  origin: string;
  /** All requests that arrived completely, in order. */
  requests: RawRequest[];
  /** The number of connections so far. */
  readonly connections: number;
  /** The number of open connections. */
  readonly open: number;
  /** Resolves when no connection is open. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

/** A server that may do anything wrong: it calls `behave` with each request and its socket, and sends nothing itself. */
export async function startBadServer(
  behave: Behaviour,
  options: { host?: string; port?: number } = {},
): Promise<BadServer> {
  const { host = "127.0.0.1", port = 0 } = options;
  const sockets = new Set<Socket>();
  const requests: RawRequest[] = [];
  let connections = 0;
  let whenAllClosed: (() => void)[] = [];

  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    // Expected: in most of these tests one side resets the connection.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      if (sockets.size > 0) return;
      for (const resolve of whenAllClosed) resolve();
      whenAllClosed = [];
    });
    void serve(socket);
  });

  async function serve(socket: Socket): Promise<void> {
    for await (const request of requestsOn(socket)) {
      requests.push(request);
      await behave(socket, request);
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return {
    port: actual,
    origin: `http://${host.includes(":") ? `[${host}]` : host}:${actual}`,
    requests,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    allClosed: () =>
      sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => whenAllClosed.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The requests of one connection: headers, and a body of the length in Content-Length. */
async function* requestsOn(socket: Socket): AsyncGenerator<RawRequest, void, undefined> {
  let bytes = Buffer.alloc(0);
  let notify: (() => void) | undefined;
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    notify?.();
  });
  socket.on("close", () => notify?.());
  // The client has closed its side, so no more requests arrive.
  socket.on("end", () => socket.end());
  for (;;) {
    const request = takeRequest(bytes);
    if (request) {
      bytes = request.rest;
      yield request.request;
    } else {
      if (socket.destroyed) return;
      await new Promise<void>((resolve) => (notify = resolve));
    }
  }
}

function takeRequest(bytes: Buffer): { request: RawRequest; rest: Buffer<ArrayBuffer> } | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...fields] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(
    fields.map((field) => {
      const at = field.indexOf(":");
      return [field.slice(0, at).toLowerCase(), field.slice(at + 1).trim()];
    }),
  );
  const bodyEnd = end + 4 + Number(headers["content-length"] ?? 0);
  if (bytes.length < bodyEnd) return undefined;
  const [method = "", target = ""] = line.split(" ");
  const body = bytes.subarray(end + 4, bodyEnd).toString();
  return { request: { method, target, headers, body }, rest: Buffer.from(bytes.subarray(bodyEnd)) };
}

/** The text of a complete response: status line, headers, body. */
export function responseText(body: string, { status = "200 OK", headers = [] as string[] } = {}): string {
  return [
    `HTTP/1.1 ${status}`,
    "Content-Type: application/json",
    ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
