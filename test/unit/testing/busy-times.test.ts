import { beforeEach, describe, expect, test } from "vitest";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { callerOf } from "../../support/emulator-caller.js";

describe("busy times", () => {
  let emulator: CalEmulator;
  let accessToken: string;
  let credentialId: number;

  beforeEach(async () => {
    emulator = createCalEmulator();
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    ({ accessToken } = ada);
    credentialId = emulator.calendars.connect(ada.id, "google", "alice");
    const event = { title: "Dentist", start: "2027-01-04T10:00:00Z", end: "2027-01-04T11:00:00Z" };
    emulator.provider.addEvent("google", "alice", event);
  });

  const get = (calendars: [credentialId: unknown, externalId: string][]) => {
    const query = new URLSearchParams({ timeZone: "UTC", dateFrom: "2027-01-04", dateTo: "2027-01-05" });
    calendars.forEach(([id, externalId], index) => {
      query.set(`calendarsToLoad[${index}][credentialId]`, String(id));
      query.set(`calendarsToLoad[${index}][externalId]`, externalId);
    });
    return callerOf(emulator).user(accessToken, "GET", `/calendars/busy-times?${query}`);
  };

  test("an unknown calendar has none", async () => {
    expect((await get([[credentialId, "alice@gmail.example"]])).body.data).toHaveLength(1);
    expect((await get([[credentialId, "nope@x"]])).body.data).toEqual([]);
    expect((await get([[credentialId, "team_cal@group.calendar.google.com"]])).body.data).toEqual([]);
  });

  test("20 calendars are a list, and 21 are not", async () => {
    const calendars = (count: number): [number, string][] =>
      Array.from({ length: count }, () => [credentialId, "alice@gmail.example"]);
    expect((await get(calendars(20))).body.data).toHaveLength(20);
    const { status, body } = await get(calendars(21));
    expect([status, body.error.details.errors[0].constraints]).toEqual([
      400,
      { isArray: "calendarsToLoad must be an array" },
    ]);
  });

  test("a credential id that is not a number is 400, with the entry that is invalid", async () => {
    const { status, body } = await get([
      [credentialId, "alice@gmail.example"],
      ["abc", "alice@gmail.example"],
    ]);
    expect(status).toBe(400);
    expect(body.error.details.errors).toMatchObject([
      {
        property: "calendarsToLoad",
        children: [
          {
            property: "1",
            children: [
              {
                property: "credentialId",
                constraints: {
                  isNumber: "credentialId must be a number conforming to the specified constraints",
                },
              },
            ],
          },
        ],
      },
    ]);
  });

  test("a credential of another user is 401", async () => {
    const bob = await emulator.users.create({ email: "bob@example.com", name: "Bob" });
    const other = emulator.calendars.connect(bob.id, "google", "carol");
    for (const id of [other, 999, -1]) expect((await get([[id, "carol@gmail.example"]])).status).toBe(401);
  });
});
