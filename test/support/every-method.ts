import type { CalClient } from "../../src/index.js";

/** The secrets that a user of the package passes to methods, besides tokens. Each is unique. */
export interface InputSecrets {
  refreshToken: string;
  code: string;
  state: string;
  applePassword: string;
  icsUrl: string;
}

export interface EveryMethod {
  /** The name of the method, as a user of the package writes it. */
  name: string;
  call: (cal: CalClient, secrets: InputSecrets, options?: { signal: AbortSignal }) => Promise<unknown>;
  /** Whether the method calls Cal.com with the user's access token. */
  isForUser: boolean;
}

const ada = (cal: CalClient) => cal.forUser("ada");
const calendars = (cal: CalClient) => ada(cal).calendars;
const range = { from: "2027-01-04T00:00:00Z", to: "2027-01-05T00:00:00Z" };
const calendar = { integration: "google_calendar", externalId: "ada@gmail.example" };
const event = {
  title: "Tea",
  start: { time: "2027-01-04T09:00:00Z", timeZone: "UTC" },
  end: { time: "2027-01-04T10:00:00Z", timeZone: "UTC" },
};

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const input = { email: "new@example.com", name: "New" };

const asClient: Record<string, EveryMethod["call"]> = {
  "managedUsers.create": (cal, _, o) => cal.managedUsers.create(input, o),
  "managedUsers.get": (cal, _, o) => cal.managedUsers.get(101, o),
  "managedUsers.list": (cal, _, o) => all(cal.managedUsers.list({}, o)),
  "managedUsers.list by email": (cal, _, o) => all(cal.managedUsers.list({ emails: ["a@b.example"] }, o)),
  "managedUsers.update": (cal, _, o) => cal.managedUsers.update(101, { name: "N" }, o),
  "managedUsers.delete": (cal, _, o) => cal.managedUsers.delete(101, o),
  "managedUsers.refreshTokens": (cal, s, o) => cal.managedUsers.refreshTokens(s.refreshToken, o),
  "managedUsers.forceRefreshTokens": (cal, _, o) => cal.managedUsers.forceRefreshTokens(101, o),
  "user.update": (cal, _, o) => ada(cal).update({ name: "N", metadata: { a: 1 } }, o),
  "user.delete": (cal, _, o) => ada(cal).delete(o),
  "cal.request": (cal, s, o) =>
    cal.request({
      ...o,
      method: "PATCH",
      path: "/oauth-clients/{clientId}",
      body: { secret: s.applePassword },
    }),
  "cal.paginate": (cal, _, o) => all(cal.paginate({ ...o, path: "/oauth-clients/{clientId}/webhooks" })),
  ensureUser: (cal, _, o) => cal.ensureUser("new", input, o),
};

const asUser: Record<string, EveryMethod["call"]> = {
  "user.profile": (cal, _, o) => ada(cal).profile(o),
  "user.request": (cal, s, o) =>
    ada(cal).request({
      ...o,
      method: "POST",
      path: "/calendars/apple/credentials",
      body: { username: "ada", password: s.applePassword },
      query: { code: s.code, state: s.state },
    }),
  "user.paginate": (cal, _, o) => all(ada(cal).paginate({ ...o, path: "/bookings" })),
  "calendars.connectUrl": (cal, _, o) =>
    calendars(cal).connectUrl("google", { returnUrl: "https://app.example/done" }, o),
  "calendars.save": (cal, s, o) => calendars(cal).save("google", { code: s.code, state: s.state }, o),
  "calendars.check": (cal, _, o) => calendars(cal).check("office365", o),
  "calendars.list": (cal, _, o) => calendars(cal).list(o),
  "calendars.sync": (cal, _, o) => calendars(cal).sync("google", o),
  "calendars.disconnect": (cal, _, o) => calendars(cal).disconnect("google", {}, o),
  "calendars.disconnect one": (cal, _, o) => calendars(cal).disconnect("google", { credentialId: 8 }, o),
  "calendars.connectApple": (cal, s, o) =>
    calendars(cal).connectApple({ username: "ada@icloud.example", password: s.applePassword }, o),
  "calendars.saveIcsFeed": (cal, s, o) => calendars(cal).saveIcsFeed({ urls: [s.icsUrl] }, o),
  "calendars.checkIcsFeed": (cal, _, o) => calendars(cal).checkIcsFeed(o),
  "calendars.busyTimes": (cal, _, o) =>
    calendars(cal).busyTimes({ ...range, calendars: [{ credentialId: 8, externalId: "a" }] }, o),
  "calendars.setDestination": (cal, _, o) => calendars(cal).setDestination(calendar, o),
  "calendars.select": (cal, _, o) => calendars(cal).select({ ...calendar, credentialId: 8 }, o),
  "calendars.unselect": (cal, _, o) => calendars(cal).unselect({ ...calendar, credentialId: 8 }, o),
  "calendars.connections": (cal, _, o) => calendars(cal).connections(o),
  "events.list": (cal, _, o) => calendars(cal).connection("8").events.list(range, o),
  "events.get": (cal, _, o) => calendars(cal).connection("8").events.get("e1", {}, o),
  "events.create": (cal, _, o) => calendars(cal).connection("8").events.create(event, o),
  "events.update": (cal, _, o) => calendars(cal).connection("8").events.update("e1", { title: "T" }, o),
  "events.delete": (cal, _, o) => calendars(cal).connection("8").events.delete("e1", {}, o),
  "connection.busyTimes": (cal, _, o) => calendars(cal).connection("8").busyTimes(range, o),
};

/** All methods that call Cal.com, with valid arguments. */
export const everyMethod: EveryMethod[] = [
  ...Object.entries(asClient).map(([name, call]) => ({ name, call, isForUser: false })),
  ...Object.entries(asUser).map(([name, call]) => ({ name, call, isForUser: true })),
];
