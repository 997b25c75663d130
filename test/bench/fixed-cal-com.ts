import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createCalEmulator } from "../../src/testing/index.js";

// A server as fast as possible: it responds to all requests with one list of three calendars, which the emulator created.
const emulator = createCalEmulator();
const user = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
for (const account of ["alice", "carol"]) emulator.calendars.connect(user.id, "google", account);
const response = await emulator.fetch(`${emulator.url}/calendars`, {
  headers: { authorization: `Bearer ${user.accessToken}` },
});
const { data, ...envelope } = (await response.json()) as {
  data: { connectedCalendars: { calendars: unknown[] }[] };
};
const [first, second] = data.connectedCalendars;
first?.calendars.push(...(second?.calendars ?? []));
first?.calendars.splice(3);
const body = JSON.stringify({ ...envelope, data: { ...data, connectedCalendars: [first] } });

// The headers of the emulated Cal.com.
const headers = Object.fromEntries(response.headers);
const server = createServer((_, outgoing) => {
  outgoing.writeHead(200, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  process.send?.({
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accessToken: user.accessToken,
    calendars: first?.calendars.length,
  });
});
