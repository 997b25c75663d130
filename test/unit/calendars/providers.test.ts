import { expect, test } from "vitest";
import { CalValidationError } from "../../../src/index.js";
import {
  assertDisconnectable,
  assertOAuthProvider,
  assertProvider,
  calendarProviders,
  disconnectableProviders,
  oauthProviders,
  providerOf,
  providers,
} from "../../../src/calendars/providers.js";

test("google and office365 use OAuth; apple can be checked as well; ics-feed can be disconnected as well", () => {
  expect(oauthProviders).toEqual(["google", "office365"]);
  expect(calendarProviders).toEqual(["google", "office365", "apple"]);
  expect(disconnectableProviders).toEqual(["google", "office365", "apple", "ics-feed"]);
});

test("each provider is found by Cal.com's name of its integration", () => {
  for (const name of disconnectableProviders) expect(providerOf(providers[name].integration)).toBe(name);
});

test.each(["zoho_calendar", "google", "", "__proto__", "constructor"])(
  "the integration %j has no provider",
  (integration) => {
    expect(providerOf(integration)).toBeUndefined();
  },
);

test("only the ids of ICS feeds are secret", () => {
  const secret = disconnectableProviders.filter((name) => providers[name].hasSecretIds);
  expect(secret).toEqual(["ics-feed"]);
});

test.each([
  ["assertOAuthProvider", assertOAuthProvider, oauthProviders],
  ["assertProvider", assertProvider, calendarProviders],
  ["assertDisconnectable", assertDisconnectable, disconnectableProviders],
] as const)("%s accepts its providers, and its error lists them", (_, assert, accepted) => {
  for (const name of accepted) expect(() => assert(name)).not.toThrow();
  const others = [
    ...disconnectableProviders.filter((name) => !(accepted as readonly string[]).includes(name)),
  ];
  for (const value of [...others, "Google", "toString", "", null, undefined, ["google"]]) {
    expect(() => assert(value)).toThrow(CalValidationError);
  }
  for (const name of accepted) expect(() => assert("zoho")).toThrow(`"${name}"`);
});
