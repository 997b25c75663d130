import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CalApiError, CalUser } from "../../../src/index.js";
import { rejection } from "../../support/client.js";
import { SCOPES } from "../../support/oauth2-emulator.js";
import { createOAuthClient, type OAuthWorld } from "../../support/oauth-client.js";

const range = { from: "2027-01-04T00:00:00Z", to: "2027-01-05T00:00:00Z" };
const event = {
  title: "Lunch",
  start: { time: "2027-01-04T12:00:00Z", timeZone: "UTC" },
  end: { time: "2027-01-04T13:00:00Z", timeZone: "UTC" },
};
const google = { integration: "google_calendar", externalId: "ada@gmail.example" };

/** Each method that the table of the guide names. */
const methods: Record<string, (user: CalUser, credentialId: number) => Promise<unknown>> = {
  "profile()": (user) => user.profile(),
  "calendars.list()": (user) => user.calendars.list(),
  "calendars.check()": (user) => user.calendars.check("google"),
  "calendars.checkIcsFeed()": (user) => user.calendars.checkIcsFeed(),
  "calendars.sync()": (user) => user.calendars.sync("google"),
  "calendars.busyTimes()": (user) => user.calendars.busyTimes(range),
  "calendars.connectUrl()": (user) =>
    user.calendars.connectUrl("google", { returnUrl: "https://app.example/" }),
  "calendars.saveIcsFeed()": (user) => user.calendars.saveIcsFeed({ urls: ["https://feeds.example/a.ics"] }),
  "calendars.select()": (user, credentialId) => user.calendars.select({ ...google, credentialId }),
  "calendars.unselect()": (user, credentialId) => user.calendars.unselect({ ...google, credentialId }),
  "calendars.connectApple()": (user) =>
    user.calendars.connectApple({ username: "ada@icloud.example", password: "abcd-efgh-ijkl-mnop" }),
  "calendars.disconnect()": (user, credentialId) => user.calendars.disconnect("google", { credentialId }),
  "calendars.setDestination()": (user) => user.calendars.setDestination(google),
  "calendars.connections()": (user) => user.calendars.connections(),
  "calendars.connection(id).busyTimes()": (user) => user.calendars.connection("1").busyTimes(range),
  "calendars.connection(id).events": (user) => user.calendars.connection("1").events.list(range),
};

const events = (user: CalUser) => user.calendars.connection("1").events;
const otherEvents: Record<string, (user: CalUser) => Promise<unknown>> = {
  get: (user) => events(user).get("e"),
  create: (user) => events(user).create(event),
  update: (user) => events(user).update("e", { title: "Dinner" }),
  delete: (user) => events(user).delete("e"),
};

/** What the guide says: by method, its scopes. */
function documented(): [method: string, scopes: string[]][] {
  const guide = readFileSync("docs/oauth.md", "utf8");
  const [, section = ""] = /## Which method needs which scope\n([^]*?)\n## /.exec(guide) ?? [];
  return [...section.matchAll(/^\| `([^`]+)`[^|]*\| (.+?) *\|$/gm)].map(([, method, scopes]) => [
    method!,
    [...scopes!.matchAll(/`(\w+)`/g)].map(([, scope]) => scope!),
  ]);
}

/** Ada with a Google calendar, who has granted these scopes. */
async function adaWith(scopes: string[]): Promise<{ world: OAuthWorld; ada: CalUser; credentialId: number }> {
  const world = createOAuthClient();
  const credentialId = world.emulator.calendars.connect(world.adaAtCal.id, "google", google.externalId);
  const { url } = await world.cal.oauth.authorizationUrl({ state: "s", scopes });
  const { code } = await world.emulator.oauth2.authorize(url, { person: "ada" });
  return { world, ada: await world.cal.oauth.link("ada", { code: code! }), credentialId };
}

const outcome = async (call: Promise<unknown>) =>
  call.then(
    () => "ok",
    (error: unknown) => (error as CalApiError).code,
  );

test("the guide names every method with its scopes", () => {
  expect(documented().map(([method]) => method)).toEqual(
    expect.arrayContaining([...Object.keys(methods), "calendars.save()"]),
  );
  expect(documented()).toHaveLength(Object.keys(methods).length + 1);
});

const scoped = documented().filter(
  ([method, [first]]) => method in methods && first !== "unavailable_for_grant",
);

test.each(scoped)(
  "%s works with the scopes that the guide names, and says which one is missing",
  async (method, scopes) => {
    const call = methods[method]!;
    const { ada, credentialId } = await adaWith(scopes);
    expect(await outcome(call(ada, credentialId))).not.toBe("missing_scope");
    for (const missing of scopes) {
      const without = await adaWith(SCOPES.filter((scope) => scope !== missing));
      const error = await rejection(call(without.ada, without.credentialId));
      expect(error).toMatchObject({ code: "missing_scope", missingScopes: [missing] });
      expect((error as Error).message).toContain("link the Cal.com account again");
    }
  },
);

test.each([
  ...documented()
    .filter(([, [first]]) => first === "unavailable_for_grant")
    .map(([method]) => [method, methods[method]!] as const),
  ...Object.entries(otherEvents),
])("%s is not offered by Cal.com, and the error says what to call instead", async (_, call) => {
  const { ada, credentialId } = await adaWith(SCOPES);
  const error = await rejection(call(ada, credentialId));
  expect(error).toMatchObject({
    code: "unavailable_for_grant",
    message: expect.stringContaining("calendars.busyTimes()"),
  });
});
