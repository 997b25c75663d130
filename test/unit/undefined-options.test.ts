import { expect, test } from "vitest";
import { CalClient } from "../../src/index.js";
import { describeError, defaultTexts } from "../../src/react/index.js";
import { allTexts } from "../../src/react/later-texts.js";
import { withDefaults } from "../../src/react/texts.js";
import { quoteNames } from "../../src/stores/postgres/identifiers.js";
import { createCalEmulator } from "../../src/testing/index.js";
import { memoryTokenStore } from "../../src/index.js";

// Under `exactOptionalPropertyTypes`, `{ schema: undefined }` compiles: it has to mean the default.

test("columns given as undefined keep their names", () => {
  const names = quoteNames({
    schema: undefined,
    table: undefined,
    columns: { userId: undefined, version: "v" },
  });
  expect(names).toEqual(quoteNames({ columns: { version: "v" } }));
});

test("texts given as undefined keep the English texts", () => {
  const texts = { connect: undefined, providers: { google: undefined }, errors: { other: undefined } };
  expect(allTexts({ texts: withDefaults(texts) })).toEqual(defaultTexts);
  expect(describeError({ code: "unavailable", action: "load" }, { errors: undefined })).not.toBe("");
});

test("an emulator whose options are undefined has the defaults", async () => {
  const emulator = createCalEmulator({
    clientId: undefined,
    redirectUris: undefined,
    clients: [{ id: "c2", secret: "s2", permissions: undefined, organizationId: undefined }],
    accounts: {
      google: [{ email: "g@x.example", calendars: [{ externalId: "c", name: "C", isPrimary: undefined }] }],
      office365: undefined,
    },
    oauth2: undefined,
  });
  const user = await emulator.users.create(
    { email: "a@b.example", name: "A", timeZone: undefined, metadata: undefined },
    { clientId: undefined },
  );
  emulator.provider.addEvent("google", "g", {
    title: "T",
    start: "2027-01-04T10:00:00Z",
    end: "2027-01-04T11:00:00Z",
    calendarId: undefined,
  });
  expect(emulator.provider.events("google", "g")[0]).toMatchObject({ calendarId: "c" });
  const cal = new CalClient({
    managedUsers: {
      clientId: emulator.clientId,
      clientSecret: emulator.clientSecret,
      adoptUnowned: undefined,
    },
    baseUrl: emulator.url,
    fetch: emulator.fetch,
    tokenStore: memoryTokenStore(),
    timeoutMs: undefined,
    retry: undefined,
    cache: undefined,
    hooks: { onRequest: undefined },
  });
  expect(await cal.managedUsers.get(user.id)).toMatchObject({ timeZone: "Europe/London" });
});
