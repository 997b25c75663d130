import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express4 from "express4";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CalClient, type BusyTime, type BusyTimesQuery } from "../../../src/index.js";
import { rejection, storeOfAda } from "../../support/client.js";

// Cal.com's server is Express 4: its query parser, `qs`, makes an object of a list with more than 20 items.

type Wanted = NonNullable<BusyTimesQuery["calendars"]>[number];

const range = { from: "2027-01-04T00:00:00Z", to: "2027-01-05T00:00:00Z" };
let server: Server;
let requests: { url: string; calendars: Wanted[] }[] = [];
let busyOf: (calendar: Wanted) => { start: string; end: string; source: string }[];
let calendars: CalClient;

beforeAll(async () => {
  const app = express4();
  app.get("/v2/calendars/busy-times", (request, response) => {
    const wanted: unknown = request.query["calendarsToLoad"];
    if (!Array.isArray(wanted)) {
      const error = { code: "BadRequestException", message: "calendarsToLoad must be an array" };
      return void response.status(400).json({ status: "error", error });
    }
    const list = (wanted as { credentialId: string; externalId: string }[]).map(
      ({ credentialId, externalId }) => ({ credentialId: Number(credentialId), externalId }),
    );
    requests.push({ url: request.url, calendars: list });
    response.json({ status: "success", data: list.flatMap(busyOf) });
  });
  server = createServer(app).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
});
afterAll(() => void server.close());

beforeEach(async () => {
  requests = [];
  busyOf = ({ credentialId, externalId }) => [
    { start: "2027-01-04T10:00:00Z", end: "2027-01-04T11:00:00Z", source: `${credentialId}/${externalId}` },
  ];
  const { port } = server.address() as AddressInfo;
  calendars = new CalClient({
    managedUsers: { clientId: "id", clientSecret: "secret" },
    tokenStore: await storeOfAda(),
    baseUrl: `http://127.0.0.1:${port}/v2`,
  });
});

const busyTimes = (list: Wanted[]): Promise<BusyTime[]> =>
  calendars.forUser("ada").calendars.busyTimes({ ...range, calendars: list });
const many = (count: number, credentials = 3): Wanted[] =>
  Array.from({ length: count }, (_, index) => ({
    credentialId: 1 + (index % credentials),
    externalId: `calendar-${index}@group.calendar.google.com`,
  }));
const sources = (times: BusyTime[]) => times.map(({ source }) => source).sort();

test.each([1, 20, 21, 41, 250])("of %i calendars are those of each of them, once", async (count) => {
  const list = many(count);
  expect(sources(await busyTimes(list))).toEqual(
    list.map(({ credentialId, externalId }) => `${credentialId}/${externalId}`).sort(),
  );
  expect(requests).toHaveLength(Math.ceil(count / 20));
});

test("the calendars of one connection are read together where they can be", async () => {
  await busyTimes(many(40, 2));
  const ids = requests.map((request) => new Set(request.calendars.map(({ credentialId }) => credentialId)));
  expect(ids.map((set) => set.size)).toEqual([1, 1]);
});

test("a time that is busy in several calendars, and a calendar that is named twice, come once", async () => {
  const time = { start: "2027-01-04T10:00:00Z", end: "2027-01-04T11:00:00Z", source: "google-calendar" };
  busyOf = () => [time];
  const times = await busyTimes([...many(30), ...many(30)]);
  expect(times).toEqual([{ ...time, start: new Date(time.start), end: new Date(time.end) }]);
  expect(requests.flatMap((request) => request.calendars)).toHaveLength(30);
});

test("whatever the calendars are called: nothing is lost, and no URL is long", async () => {
  const calendar = fc.record({
    credentialId: fc.integer({ min: 1, max: 9 }),
    externalId: fc.oneof(
      fc.string({ minLength: 1, maxLength: 300 }).filter((text) => text.trim() !== ""),
      fc.webUrl({ withQueryParameters: true, size: "large" }),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }).filter((text) => text.trim() !== ""),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(calendar, { minLength: 1, maxLength: 60 }), async (list) => {
      requests = [];
      await busyTimes(list);
      const keyOf = ({ credentialId, externalId }: Wanted) => JSON.stringify([credentialId, externalId]);
      expect(requests.flatMap((request) => request.calendars.map(keyOf)).sort()).toEqual(
        [...new Set(list.map(keyOf))].sort(),
      );
      for (const { url, calendars } of requests) {
        expect(calendars.length).toBeLessThanOrEqual(20);
        if (calendars.length > 1) expect(url.length).toBeLessThan(7_000);
      }
    }),
    { numRuns: 40 },
  );
});

describe("a URL that a server or proxy finds too long", () => {
  test.each([414, 431])("is explained (%i)", async (status) => {
    const cal = new CalClient({
      managedUsers: { clientId: "id", clientSecret: "secret" },
      tokenStore: await storeOfAda(),
      fetch: () => Promise.resolve(new Response(null, { status })),
    });
    const error = await rejection(cal.forUser("ada").calendars.busyTimes({ ...range, calendars: many(1) }));
    expect(error).toMatchObject({ code: "payload_too_large", status });
    expect((error as Error).message).toContain("the URL is too long");
  });
});
