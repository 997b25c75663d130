import type { TokenStore } from "../../src/index.js";
import { createApp, createBrowser, ownCallback, withoutAttempts, type Browser } from "./handlers-app.js";
import { browserOf, createLinkingApp, linkAccount } from "./linking-app.js";
import { countRoundTrips, type RoundTripCosts, type RoundTrips } from "./round-trips.js";

/** The steps of connecting a calendar whose calls to Cal.com are counted. */
export const measuredSteps = [
  "connect URL, new user",
  "connect URL, known user",
  "return by Cal.com's callback",
  "return by the application's callback",
  "status",
  "sync",
  "select a calendar",
  "set the destination",
  "disconnect one of two",
  "disconnect both",
] as const;

export type MeasuredStep = (typeof measuredSteps)[number];

/** The user's account at Cal.com, and what the application's token store can do. */
export const settings = ["managed user", "own account", "store without attempts"] as const;

export type Setting = (typeof settings)[number];

const TEAM = "team_cal@group.calendar.google.com";

/** What a step costs its user, if each call to Cal.com takes `latencyMs`. */
export async function measureStep(
  step: MeasuredStep,
  latencyMs: number,
  setting: Setting = "managed user",
): Promise<RoundTripCosts> {
  const { emulator, ada, userId, trips } = await (setting === "own account"
    ? ownAccount(latencyMs)
    : managedUser(latencyMs, setting === "store without attempts" ? withoutAttempts : undefined));
  const start = () => ada.start("google");
  if (step === "connect URL, new user") return trips.measure(start);

  await start();
  const id = await userId();
  const first = emulator.calendars.connect(id, "google", "alice");
  if (step === "connect URL, known user") return trips.measure(start);
  if (step === "return by Cal.com's callback") {
    const { redirectTo } = await emulator.provider.authorize(await start(), { account: "carol" });
    return trips.measure(() => ada.visit(redirectTo));
  }
  if (step === "return by the application's callback") {
    const { code, state } = await emulator.provider.authorize(await start(), {
      account: "carol",
      stopBeforeCallback: true,
    });
    return trips.measure(() => ada.visit(ownCallback("google", { code, state })));
  }
  emulator.calendars.connect(id, "google", "carol");
  const calendarType = "google";
  const calendar = { credentialId: first, integration: "google_calendar", externalId: TEAM };
  const steps = {
    status: () => ada.fetch("/calendars/status"),
    sync: () => ada.post("/calendars/sync-credentials", { calendarType }),
    "select a calendar": () => ada.post("/calendars/select", { ...calendar, isSelected: true }),
    "set the destination": () => ada.post("/calendars/destination", calendar),
    "disconnect one of two": () => ada.post("/calendars/disconnect", { calendarType, credentialId: first }),
    "disconnect both": () => ada.post("/calendars/disconnect", { calendarType }),
  };
  return trips.measure(steps[step]);
}

interface World {
  emulator: ReturnType<typeof createApp>["emulator"];
  ada: Browser;
  /** The user's id at Cal.com, once there is one. */
  userId: () => Promise<number>;
  trips: RoundTrips;
}

function managedUser(latencyMs: number, wrapStore?: (store: Required<TokenStore>) => TokenStore): World {
  const trips = countRoundTrips((input, init) => app.emulator.fetch(input, init), latencyMs);
  const app = createApp({ client: { fetch: trips.fetch }, ...(wrapStore && { wrapStore }) });
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  return { emulator: app.emulator, ada, userId: () => app.managedUserId("ada"), trips };
}

/** A user who has linked their own Cal.com account. */
async function ownAccount(latencyMs: number): Promise<World> {
  const trips = countRoundTrips((input, init) => app.emulator.fetch(input, init), latencyMs);
  const app = createLinkingApp({ client: { fetch: trips.fetch } });
  const ada = browserOf(app, "ada");
  await linkAccount(app, ada);
  return { emulator: app.emulator, ada, userId: () => Promise.resolve(app.people.ada.id), trips };
}
