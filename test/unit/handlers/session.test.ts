import { describe, expect, test } from "vitest";
import { CalValidationError } from "../../../src/index.js";
import type { CalSession } from "../../../src/handlers/index.js";
import { createApp, createBrowser } from "../../support/handlers-app.js";

/** An application whose session is what the test sets. */
function start() {
  const errors: unknown[] = [];
  let session: Partial<CalSession> = { email: "ada@users.example", name: "Ada" };
  const app = createApp({
    handlers: {
      authenticate: () => ({ userId: "ada", ...session }),
      onError: ({ error }) => void errors.push(error),
    },
  });
  const browser = createBrowser(app.handlers.handle);
  const use = (fields: Record<string, unknown>) => void (session = fields);
  return { app, errors, browser, use };
}

/** Fields that are needed, or valid, only to create a managed user. */
const incomplete: [string, Record<string, unknown>][] = [
  ["an empty name", { email: "ada@users.example", name: "" }],
  ["a name that is null", { email: "ada@users.example", name: null }],
  ["no name", { email: "ada@users.example" }],
  ["no e-mail address", { name: "Ada" }],
  ["an e-mail address that is null", { email: null, name: "Ada" }],
  ["nothing but the id", {}],
  ["a time zone that there isn't", { email: "ada@users.example", name: "Ada", timeZone: "Mars/Phobos" }],
  [
    "too much metadata",
    {
      email: "ada@users.example",
      name: "Ada",
      metadata: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key${index}`, 1])),
    },
  ],
];

describe.each(incomplete)("a session with %s", (_, fields) => {
  test("does for a user who is there already", async () => {
    const { browser, errors, use } = start();
    expect((await browser.fetch("/calendars/oauth-connect-url?type=google")).status).toBe(200);
    use(fields);
    expect((await browser.fetch("/calendars/oauth-connect-url?type=google")).status).toBe(200);
    expect((await browser.fetch("/refresh")).status).toBe(200);
    const apple = { username: "dave@icloud.example", password: "good-app-pass" };
    expect((await browser.post("/calendars/apple-credentials", apple)).status).toBe(200);
    expect(errors).toEqual([]);
  });

  test("is a mistake for a new one, and says what is missing", async () => {
    const { app, browser, errors, use } = start();
    use(fields);
    expect((await browser.fetch("/calendars/oauth-connect-url?type=google")).status).toBe(500);
    expect(errors).toEqual([expect.any(CalValidationError)]);
    expect(String(errors[0])).toContain("authenticate() must return { userId, email, name }");
    expect(app.emulator.users.list()).toEqual([]);
  });
});

test("fields that are null, as a database has them, are absent when a user is created", async () => {
  const { app, browser, use } = start();
  use({
    email: "ada@users.example",
    name: "Ada",
    timeZone: null,
    timeFormat: null,
    weekStart: null,
    locale: null,
    avatarUrl: null,
    bio: null,
    metadata: null,
  });
  expect((await browser.fetch("/calendars/oauth-connect-url?type=google")).status).toBe(200);
  expect(app.emulator.users.list()).toMatchObject([{ name: "Ada" }]);
});
