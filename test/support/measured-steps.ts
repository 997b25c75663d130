import { createApp, createBrowser, ownCallback } from "./handlers-app.js";
import { countRoundTrips, type RoundTripCosts } from "./round-trips.js";

/** The steps of connecting a calendar whose calls to Cal.com are counted. */
export const measuredSteps = [
  "connect URL, new user",
  "connect URL, known user",
  "return by Cal.com's callback",
  "return by an own callback",
  "status",
  "sync",
  "select a calendar",
  "set the destination",
  "disconnect one of two",
  "disconnect both",
] as const;

export type MeasuredStep = (typeof measuredSteps)[number];

const TEAM = "team_cal@group.calendar.google.com";

/** What a step costs its user, if each call to Cal.com takes `latencyMs`. */
export async function measureStep(step: MeasuredStep, latencyMs: number): Promise<RoundTripCosts> {
  const trips = countRoundTrips((input, init) => app.emulator.fetch(input, init), latencyMs);
  const app = createApp({ client: { fetch: trips.fetch } });
  const { emulator } = app;
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const start = () => ada.start("google");
  if (step === "connect URL, new user") return trips.measure(start);

  await start();
  const userId = await app.managedUserId("ada");
  const first = emulator.calendars.connect(userId, "google", "alice");
  if (step === "connect URL, known user") return trips.measure(start);
  if (step === "return by Cal.com's callback") {
    const { redirectTo } = await emulator.provider.authorize(await start(), { account: "carol" });
    return trips.measure(() => ada.visit(redirectTo));
  }
  if (step === "return by an own callback") {
    const { code, state } = await emulator.provider.authorize(await start(), {
      account: "carol",
      stopBeforeCallback: true,
    });
    return trips.measure(() => ada.visit(ownCallback("google", { code, state })));
  }
  emulator.calendars.connect(userId, "google", "carol");
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
