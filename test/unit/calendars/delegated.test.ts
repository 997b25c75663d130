import { beforeEach, describe, expect, test } from "vitest";
import { CalValidationError, type CalUser } from "../../../src/index.js";
import { createApp, createBrowser } from "../../support/handlers-app.js";
import { createAda, createTestClient, rejection, type TestClient } from "../../support/client.js";

// An administrator has given Cal.com access to the accounts of the whole organization: such an account has no credential
// of the user's own.

let client: TestClient;
let ada: CalUser;

const delegationCredentialId = "8f1c0a9e-0000-4000-8000-000000000001";
const calendar = (credentialId: number, delegation: string | null = null) => ({
  externalId: "ada@acme.example",
  integration: "google_calendar",
  name: "Ada",
  primary: true,
  readOnly: false,
  isSelected: true,
  email: "ada@acme.example",
  credentialId,
  delegationCredentialId: delegation,
});
const connection = (credentialId: number, delegation: string | null = null, error?: string) => ({
  integration: { type: "google_calendar" },
  credentialId,
  delegationCredentialId: delegation,
  ...(error === undefined
    ? { primary: calendar(credentialId, delegation), calendars: [calendar(credentialId, delegation)] }
    : { error: { message: error } }),
});
const delegated = (error?: string) => connection(-1, delegationCredentialId, error);

function answerWith(connectedCalendars: object[], { emulator }: Pick<TestClient, "emulator"> = client): void {
  const body = { status: "success", data: { connectedCalendars, destinationCalendar: {} } };
  emulator.inject({ path: "/calendars", effect: { status: 200, body }, times: Infinity });
}

function answerCheck(status: number, message = ""): void {
  const body = status === 200 ? { status: "success" } : { status: "error", error: { code: "E", message } };
  client.emulator.inject({ path: /\/check$/, effect: { status, body }, times: Infinity });
}

const disconnects = () => client.emulator.count({ path: /\/disconnect$/ });

beforeEach(async () => {
  client = createTestClient();
  ({ ada } = await createAda(client));
});

describe("delegated access beside the user's own connection of the same account", () => {
  test.each([
    [[delegated(), connection(5)]],
    [[connection(5), delegated()]],
    [[connection(5), connection(7, delegationCredentialId)]],
  ])("is no duplicate: sync removes nothing", async (connections) => {
    answerWith(connections);
    answerCheck(200);
    const { connectedCalendars, removedDuplicates } = await ada.calendars.sync("google");
    expect(connectedCalendars).toHaveLength(2);
    expect(removedDuplicates).toEqual([]);
    expect(disconnects()).toBe(0);
  });

  test("stays when the provider is disconnected", async () => {
    answerWith([delegated(), connection(5)]);
    client.emulator.inject({
      path: /\/disconnect$/,
      effect: { status: 200, body: { status: "success", data: { id: 5, type: "google_calendar" } } },
      times: Infinity,
    });
    const { disconnected } = await ada.calendars.disconnect("google");
    expect(new Set(disconnected.map(({ credentialId }) => credentialId))).toEqual(new Set([5]));
  });
});

describe("delegated access alone", () => {
  test("works, though Cal.com's check finds no credential", async () => {
    answerWith([delegated()]);
    answerCheck(400, "Credentials for google_calendar not found.");
    expect(await ada.calendars.check("google")).toEqual({ connected: true });
    expect((await ada.calendars.sync("google")).status).toEqual({ connected: true });
  });

  test("that can't be read has its reason", async () => {
    answerWith([delegated("Could not get connected calendars")]);
    answerCheck(400, "Credentials for google_calendar not found.");
    expect(await ada.calendars.check("google")).toMatchObject({ connected: false, reason: "unavailable" });
  });

  test("disconnects nothing, and says why", async () => {
    answerWith([delegated()]);
    expect(await ada.calendars.disconnect("google")).toEqual({ disconnected: [] });
    for (const credentialId of [-1, 7]) {
      answerWith([delegated(), connection(7, delegationCredentialId)]);
      const error = await rejection(ada.calendars.disconnect("google", { credentialId }));
      expect(error).toBeInstanceOf(CalValidationError);
      expect((error as Error).message).toMatch(/administrator/);
      client = createTestClient();
      ({ ada } = await createAda(client));
    }
    expect(disconnects()).toBe(0);
  });
});

describe("calendars of delegated access", () => {
  test("have no busy times by calendar, and the error says so", async () => {
    const query = { from: "2027-01-04", to: "2027-01-05", calendars: [calendar(-1, delegationCredentialId)] };
    const error = await rejection(ada.calendars.busyTimes(query));
    expect(error).toBeInstanceOf(CalValidationError);
    expect((error as Error).message).toMatch(/delegated.*no busy times/);
  });

  test("are selected by both ids, as the list gives them", async () => {
    client.emulator.inject({
      method: "POST",
      path: "/selected-calendars",
      effect: { status: 201, body: { status: "success" } },
    });
    await ada.calendars.select(calendar(-1, delegationCredentialId));
    const error = await rejection(ada.calendars.select(calendar(-1)));
    expect((error as Error).message).toContain("delegationCredentialId");
    // The list gives null for other calendars.
    client.emulator.inject({
      method: "POST",
      path: "/selected-calendars",
      effect: { status: 201, body: { status: "success" } },
    });
    await ada.calendars.select(calendar(5));
  });
});

describe("the handlers", () => {
  test("show delegated access as such, and it is nothing that an attempt has added or may remove", async () => {
    const told: string[] = [];
    const app = createApp({ handlers: { onConnected: () => void told.push("connected") } });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const link = await ada.start("google");
    const { redirectTo } = await app.emulator.provider.authorize(link, { deny: true });
    answerWith([delegated()], app);
    const status = await (await ada.fetch("/calendars/status")).json();
    expect(status.data.calendars).toMatchObject([{ credentialId: -1, delegated: true, connected: true }]);
    expect((await ada.visit(redirectTo)).headers.get("location")).toContain("reason=not_connected");
    await createBrowser(app.handlers.handle).signIn("grace").visit(redirectTo);
    expect(told).toEqual([]);
    expect(app.emulator.count({ path: /\/disconnect$/ })).toBe(0);
    const refused = await ada.post("/calendars/disconnect", { calendarType: "google", credentialId: -1 });
    expect(refused.status).toBe(400);
  });
});
