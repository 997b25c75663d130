import { describe, expect, test } from "vitest";
import {
  createConnectionsWorld,
  adaWithGoogle,
  DAY,
  HOUR,
  inShort,
  MINUTE,
  type ConnectionsWorld,
} from "../../support/connections-world.js";

const calendars = [
  { externalId: "ada@gmail.example", name: "Ada", isPrimary: true },
  { externalId: "team@group.example", name: "Team", isPrimary: false },
  { externalId: "home@group.example", name: "Home", isPrimary: false },
];

/** Ada, who has Google's calendars "Team" and "Home" selected, and "Team" as the destination; and Office 365. */
async function adaWithChoices(world: ConnectionsWorld) {
  world.emulator.provider.addAccount("google", { email: "ada@gmail.example", calendars });
  const { ada, adaId, credentialId } = await adaWithGoogle(world);
  world.emulator.calendars.connect(adaId, "office365", "ada@work.example");
  for (const externalId of ["team@group.example", "home@group.example"]) {
    await ada.calendars.select({ integration: "google_calendar", externalId, credentialId });
  }
  await ada.calendars.setDestination({ integration: "google_calendar", externalId: "team@group.example" });
  await world.cal.checkConnection("ada");
  return { ada, adaId, credentialId };
}

async function chosen(world: ConnectionsWorld) {
  const list = await world.cal.forUser("ada").calendars.list();
  const selected = list.connectedCalendars
    .flatMap((connected) => connected.calendars)
    .flatMap(({ isSelected, externalId }) => (isSelected ? [externalId] : []));
  return { selected: selected.sort(), destination: list.destinationCalendar?.externalId };
}

/** What the handlers do when a user connects an account again whose access was revoked. */
async function reconnect(world: ConnectionsWorld, adaId: number, credentialId: number): Promise<number> {
  await world.cal.forUser("ada").calendars.disconnect("google", { credentialId });
  const id = world.emulator.calendars.connect(adaId, "google", "ada@gmail.example");
  world.emulator.clock.advance(15_000);
  await world.cal.forUser("ada").calendars.list();
  return id;
}

function isList(input: Parameters<typeof fetch>[0]): boolean {
  return (input instanceof Request ? input.url : new URL(input).href).endsWith("/v2/calendars");
}

/** A list in which some calendars were deleted at the provider. */
async function withoutCalendars(response: Response, deleted: ReadonlySet<string>): Promise<Response> {
  const body = (await response.json()) as {
    data: { connectedCalendars: { calendars?: { externalId: string }[] }[] };
  };
  for (const connected of body.data.connectedCalendars) {
    const kept = connected.calendars?.filter(({ externalId }) => !deleted.has(externalId));
    if (kept) connected.calendars = kept;
  }
  return Response.json(body);
}

describe("a calendar that was connected again", () => {
  test("has its selected calendars and the destination as before", async () => {
    const world = createConnectionsWorld();
    const { adaId, credentialId } = await adaWithChoices(world);
    const before = await chosen(world);
    expect(before).toMatchObject({ destination: "team@group.example" });
    world.emulator.provider.revoke({ userId: adaId, provider: "google" });
    await world.pass(29 * HOUR, HOUR);
    await reconnect(world, adaId, credentialId);
    expect(await chosen(world)).not.toEqual(before);
    await world.pass(10 * MINUTE);
    expect(await chosen(world)).toEqual(before);
    expect(inShort(world.told)).toEqual(["google connected broken revoked", "google broken connected"]);
    expect(world.told.at(-1)?.restored).toEqual({
      selected: [
        { externalId: "team@group.example", name: "Team" },
        { externalId: "home@group.example", name: "Home" },
      ],
      destination: { externalId: "team@group.example", name: "Team" },
      missing: [],
      available: [],
    });
  });

  test("also if it never was seen broken: what was restored is reported", async () => {
    const world = createConnectionsWorld();
    const { adaId, credentialId } = await adaWithChoices(world);
    const before = await chosen(world);
    await reconnect(world, adaId, credentialId);
    await world.pass(10 * MINUTE);
    expect(await chosen(world)).toEqual(before);
    expect(inShort(world.told)).toEqual(["google connected connected"]);
    expect(world.told[0]?.restored?.selected).toHaveLength(2);
  });

  test("what no longer exists is reported", async () => {
    const deleted = new Set<string>();
    const world: ConnectionsWorld = createConnectionsWorld({
      fetch: async (input, init) => {
        const response = await world.emulator.fetch(input, init);
        return isList(input) ? withoutCalendars(response, deleted) : response;
      },
    });
    const { adaId, credentialId } = await adaWithChoices(world);
    world.emulator.provider.revoke({ userId: adaId, provider: "google" });
    await world.cal.checkConnection("ada");
    deleted.add("team@group.example");
    await reconnect(world, adaId, credentialId);
    await world.pass(10 * MINUTE);
    expect(world.told.at(-1)).toMatchObject({
      to: "connected",
      restored: {
        selected: [{ externalId: "home@group.example", name: "Home" }],
        destination: null,
        missing: [{ externalId: "team@group.example", name: "Team" }],
        available: [],
      },
    });
    expect((await chosen(world)).selected).toContain("home@group.example");
  });

  test("Cal.com fails meanwhile: it is restored at a later check, and then reported", async () => {
    const world = createConnectionsWorld({ retry: { limit: 0 } });
    const { adaId, credentialId } = await adaWithChoices(world);
    const before = await chosen(world);
    await reconnect(world, adaId, credentialId);
    world.emulator.inject({ method: "POST", path: "/selected-calendars", effect: { status: 503 }, times: 4 });
    await world.pass(HOUR);
    expect(await chosen(world)).toEqual(before);
    expect(await world.cal.lastConnectionCheck("ada")).toMatchObject({
      connections: expect.arrayContaining([
        expect.objectContaining({ calendarType: "google", isRestorable: false }),
      ]),
    });
  });

  test("another account of the provider is no reconnect: nothing is restored to it", async () => {
    const world = createConnectionsWorld();
    const { ada, adaId, credentialId } = await adaWithChoices(world);
    await ada.calendars.disconnect("google", { credentialId });
    world.emulator.calendars.connect(adaId, "google", "other@gmail.example");
    await world.pass(10 * MINUTE);
    expect(inShort(world.told)).toEqual(["google connected gone removed"]);
    expect((await chosen(world)).selected).not.toContain("team@group.example");
  });
});

describe("the destination", () => {
  test("that Cal.com moved away during an outage comes back after it", async () => {
    const world = createConnectionsWorld();
    await adaWithChoices(world);
    world.emulator.provider.break("google");
    await world.cal.checkConnection("ada");
    expect((await chosen(world)).destination).not.toBe("team@group.example");
    await world.pass(3 * HOUR);
    world.emulator.provider.repair("google");
    await world.pass(7 * HOUR);
    expect((await chosen(world)).destination).toBe("team@group.example");
  });

  test("that the user chose while the calendar was broken stays", async () => {
    const world = createConnectionsWorld();
    const { ada, adaId } = await adaWithChoices(world);
    world.emulator.provider.addAccount("office365", {
      email: "second@work.example",
      calendars: [
        { externalId: "main", name: "Main", isPrimary: true },
        { externalId: "projects", name: "Projects", isPrimary: false },
      ],
    });
    world.emulator.calendars.connect(adaId, "office365", "second@work.example");
    world.emulator.provider.revoke({ userId: adaId, provider: "google" });
    await world.cal.checkConnection("ada");
    await ada.calendars.setDestination({ integration: "office365_calendar", externalId: "projects" });
    await world.pass(DAY, HOUR);
    world.emulator.provider.restore({ userId: adaId, provider: "google" });
    await world.pass(DAY, HOUR);
    expect((await chosen(world)).destination).toBe("projects");
  });
});

test("an ICS feed's address is in no state and in no event", async () => {
  const world = createConnectionsWorld();
  const { ada } = await adaWithGoogle(world);
  const url = "https://calendar.example/private-0123456789/basic.ics";
  const { credentialId } = await ada.calendars.saveIcsFeed({ urls: [url] });
  world.emulator.clock.advance(15_000);
  await world.cal.checkConnection("ada");
  world.emulator.provider.breakFeed(url);
  await world.pass(3 * DAY, HOUR);
  await ada.calendars.disconnect("ics-feed", { credentialId });
  await world.pass(3 * MINUTE, MINUTE);
  world.emulator.provider.repairFeed(url);
  await ada.calendars.saveIcsFeed({ urls: [url] });
  world.emulator.clock.advance(15_000);
  await world.cal.checkConnection("ada");
  expect(inShort(world.told)).toEqual([
    "ics-feed connected unavailable unavailable",
    "ics-feed unavailable gone removed",
    "ics-feed gone connected",
  ]);
  const everything = JSON.stringify([await world.connections.get("ada"), world.told]);
  expect(everything).not.toContain("private-0123456789");
  expect(everything).not.toContain("calendar.example");
});
