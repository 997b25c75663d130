import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CalClient } from "../../../src/index.js";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { createCalEmulator, type CalEmulator, type CalEmulatorOptions } from "../../../src/testing/index.js";
import { runCommand, type CommandResult } from "../../support/command-line.js";
import { freePort } from "../../support/free-port.js";
import { createDatabase } from "../../support/postgres.js";
import { useRealFetch } from "../network/real-fetch.js";

useRealFetch();

const SCOPES = ["APPS_READ", "APPS_WRITE", "PROFILE_READ"];
let port: number;
let redirectUri: string;
beforeEach(async () => {
  port = await freePort();
  redirectUri = `http://localhost:${port}/callback`;
});

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function startCal(
  { mode = "strict", secret = "oauth-s3cret" }: { mode?: "strict" | "lenient"; secret?: string | null } = {},
  options: CalEmulatorOptions = {},
): Promise<CalEmulator> {
  const client = { id: "app", redirectUris: [redirectUri], ...(mode === "strict" && { scopes: SCOPES }) };
  const clients = [secret === null ? client : { ...client, secret }];
  const emulator = createCalEmulator({ ...options, oauth2: { mode, clients } });
  const server = await emulator.listen();
  cleanUps.push(() => server.close());
  return emulator;
}

interface Options {
  args?: string[];
  env?: Record<string, string>;
  /** What the person does on Cal.com's page. */
  person?: { person?: string; deny?: boolean };
  /** Does something with the URL to which Cal.com has sent the browser. */
  browse?: (url: string) => unknown;
  fetch?: typeof globalThis.fetch;
}

/** Runs the command, and is the browser: opens the page, and follows the redirect. Checks that no secret is printed. */
async function authorize(emulator: CalEmulator, options: Options = {}): Promise<CommandResult> {
  const { args = [], env = {}, person = {}, browse = (url: string) => fetch(url) } = options;
  const printed: string[] = [];
  let redirected: string | undefined;
  const visit = async (): Promise<string> => {
    const [url = ""] = /http\S+authorize\?\S+/.exec(printed.join("\n")) ?? [];
    const { redirectTo } = await emulator.oauth2.authorize(url, person);
    redirected = redirectTo!;
    return redirected;
  };
  const result = await runCommand(["authorize", "--port", String(port), ...args], {
    env: {
      CAL_OAUTH_CLIENT_ID: "app",
      CAL_OAUTH_CLIENT_SECRET: "oauth-s3cret",
      CAL_API_URL: emulator.url,
      CAL_AUTHORIZE_URL: emulator.oauth2.authorizeUrl,
      ...env,
    },
    fetch: options.fetch ?? globalThis.fetch,
    out: (line) => {
      printed.push(line);
      if (line.startsWith("Waiting")) void visit().then(browse);
    },
    ask: visit,
    untilStopped: () => new Promise(() => undefined),
  });
  const out = printed.join("\n");
  const { code = "" } = Object.fromEntries(redirected ? new URL(redirected).searchParams : []);
  const [ada] = emulator.people.list();
  const { accessTokens, refreshTokens } = emulator.oauth2.tokens(ada!.id);
  for (const secret of ["oauth-s3cret", code, ...accessTokens, ...refreshTokens].filter(
    (text) => text !== "",
  )) {
    expect(out + result.err).not.toContain(secret);
  }
  return { ...result, out };
}

describe.each([
  { name: "a confidential client", secret: "oauth-s3cret" },
  { name: "a public client", secret: null },
])("$name", ({ secret }) => {
  test.each(["strict", "lenient"] as const)(
    "a %s server is recognised, and nothing differs",
    async (mode) => {
      const emulator = await startCal({ mode, secret });
      const env = { CAL_OAUTH_CLIENT_SECRET: secret ?? "" };
      const { code, out } = await authorize(emulator, { env });
      expect(out).not.toMatch(/^wrong/m);
      expect(out).toContain("(ada@");
      expect(out).toContain("The access token lives for 30 minutes.");
      expect(out).toContain("The refresh token lives for 30 days.");
      expect(out).toContain("The old access token still works.");
      expect(out).toContain(
        mode === "strict"
          ? "A used refresh token is refused (refresh_token_revoked), as at a strict server."
          : "A used refresh token works again, as at a lenient server.",
      );
      expect(out.match(/^Works: |^ok {5}Works: /gm)).toHaveLength(4);
      expect(out).toContain("Nothing is wrong.");
      expect(code).toBe(0);
      // The link, two refreshes, and the used refresh token.
      expect(emulator.count({ path: "/auth/oauth2/token" })).toBe(4);
      expect(emulator.calendars.credentials(emulator.people.list()[0]!.id)).toEqual([]);
    },
  );
});

test("a strict server with nothing else to note is as calbridge expects", async () => {
  const { out } = await authorize(await startCal());
  expect(out).not.toMatch(/^note/m);
  expect(out).toContain("The server behaves as calbridge expects of a strict one.");
});

test("scopes that the client is not registered for: Cal.com sends an error, and it says what to do", async () => {
  const { code, out } = await authorize(await startCal(), { args: ["--scopes", "BOOKING_READ"] });
  expect(out).toMatch(/^wrong {2}Cal\.com sent the browser back with the error \w+\./m);
  expect(code).toBe(1);
});

test("tokens with fewer scopes: it names the calls that don't work, and the scope that is missing", async () => {
  const { code, out } = await authorize(await startCal(), { args: ["--scopes", "APPS_READ,PROFILE_READ"] });
  expect(out).toMatch(/^wrong {2}Does not work: the connect URL \(APPS_WRITE\)\./m);
  expect(out).toContain("Required: APPS_WRITE");
  expect(code).toBe(1);
});

test("a person who presses Go back", async () => {
  const { code, out } = await authorize(await startCal(), { person: { deny: true } });
  expect(out).toContain("the error access_denied");
  expect(code).toBe(1);
});

test("a wrong secret: the client is named, and nothing was linked", async () => {
  const env = { CAL_OAUTH_CLIENT_SECRET: "another-s3cret" };
  const { code, out } = await authorize(await startCal(), { env });
  expect(out).toMatch(/^wrong {2}Nothing was linked: Cal\.com refuses the OAuth client/m);
  expect(out).toContain("CAL_OAUTH_CLIENT_SECRET");
  expect(code).toBe(1);
});

test("a server that has ended the old access token differs, and is asked to be reported", async () => {
  const emulator = await startCal();
  // After the refresh, the second request for the profile is the one with the old token.
  let tokenRequests = 0;
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await globalThis.fetch(input, init);
    if (response.url.endsWith("/oauth2/token") && ++tokenRequests === 2) {
      emulator.inject({ path: "/me", effect: { status: 401 }, times: 1, after: 1 });
    }
    return response;
  };
  const { out } = await authorize(emulator, { fetch });
  expect(out).toContain("The refresh has ended the old access token.");
  expect(out).toContain("with the differences above");
});

test("the URL can be pasted, where the redirect URI is not of this machine", async () => {
  redirectUri = "https://app.example/callback";
  const emulator = await startCal();
  const printed: string[] = [];
  const { code, out } = await runCommand(["authorize", "--redirect-uri", redirectUri], {
    env: {
      CAL_OAUTH_CLIENT_ID: "app",
      CAL_OAUTH_CLIENT_SECRET: "oauth-s3cret",
      CAL_API_URL: emulator.url,
      CAL_AUTHORIZE_URL: emulator.oauth2.authorizeUrl,
    },
    fetch: globalThis.fetch,
    out: (line) => void printed.push(line),
    ask: async () => {
      const [url = ""] = /http\S+authorize\?\S+/.exec(printed.join("\n")) ?? [];
      return ` ${(await emulator.oauth2.authorize(url)).redirectTo!}\n`;
    },
  });
  expect(out).toBe("");
  expect(printed.join("\n")).toContain("Nothing is wrong.");
  expect(code).toBe(0);
});

test("a redirect with another state is not taken, and one with the right state afterwards is", async () => {
  const statuses: number[] = [];
  const { code } = await authorize(await startCal(), {
    browse: async (url) => {
      const wrong = new URL(url);
      wrong.searchParams.set("state", "of-somebody-else");
      for (const visited of [wrong, new URL("/favicon.ico", url), url])
        statuses.push((await fetch(visited)).status);
    },
  });
  expect(statuses).toEqual([404, 404, 200]);
  expect(code).toBe(0);
});

test("pasting something else is refused in one sentence", async () => {
  const emulator = await startCal();
  const { code, err } = await runCommand(["authorize", "--paste"], {
    env: {
      CAL_OAUTH_CLIENT_ID: "app",
      CAL_API_URL: emulator.url,
      CAL_AUTHORIZE_URL: emulator.oauth2.authorizeUrl,
    },
    ask: () => Promise.resolve("https://app.example/?code=c&state=s"),
  });
  expect(err).toContain("That is not the URL of this authorization");
  expect(code).toBe(2);
});

test("stopped while it waits: it says what Cal.com's page may have shown", async () => {
  const emulator = await startCal();
  const { code, out } = await runCommand(["authorize", "--port", String(port)], {
    env: {
      CAL_OAUTH_CLIENT_ID: "app",
      CAL_API_URL: emulator.url,
      CAL_AUTHORIZE_URL: emulator.oauth2.authorizeUrl,
    },
  });
  expect(out).toContain(`register ${redirectUri} for the client`);
  expect(code).toBe(1);
});

test.each([
  { args: ["--user", "ada"], requests: 1 },
  { args: ["--user", "ada", "--verify"], requests: 4 },
])("$args stores the link: the application's own client has it", async ({ args, requests }) => {
  const database = await createDatabase();
  cleanUps.push(() => database.drop());
  await createSchema(database.pool);
  const emulator = await startCal();
  const { code, out } = await authorize(emulator, {
    args,
    env: { DATABASE_URL: database.url },
  });
  expect(out).toContain("Nothing is wrong.");
  expect(out.includes("The server behaves as calbridge expects"), "verified").toBe(requests > 1);
  expect(emulator.count({ path: "/auth/oauth2/token" })).toBe(requests);
  expect(code).toBe(0);
  const cal = new CalClient({
    oauth: {
      clientId: "app",
      clientSecret: "oauth-s3cret",
      authorizeUrl: emulator.oauth2.authorizeUrl,
    },
    baseUrl: emulator.url,
    tokenStore: postgresTokenStore({ client: database.pool }),
  });
  expect(await cal.forUser("ada").profile()).toMatchObject({ id: emulator.people.list()[0]!.id });
});

test.each([
  [[], {}, "CAL_OAUTH_CLIENT_ID is not set"],
  [["--port", "http"], { CAL_OAUTH_CLIENT_ID: "app" }, "--port must be a number"],
  [["--redirect-uri", "callback"], { CAL_OAUTH_CLIENT_ID: "app" }, "--redirect-uri must be a URL"],
  [["--port", "1", "--redirect-uri", "http://localhost:1/"], { CAL_OAUTH_CLIENT_ID: "app" }, "can't be used"],
  [["--scopes", "apps read"], { CAL_OAUTH_CLIENT_ID: "app" }, "scopes"],
  [[], { CAL_OAUTH_CLIENT_ID: "app", CAL_API_URL: "https://cal.example/v2" }, "authorizeUrl"],
])("what can't work is refused before anything is sent: %j %j", async (args, env, expected) => {
  const { code, err } = await runCommand(["authorize", ...args], { env });
  expect(err).toContain(expected);
  expect(code).toBe(2);
});

test("says which port is in use", async () => {
  const server = createServer().listen(port, "localhost");
  await once(server, "listening");
  cleanUps.push(() => void server.close());
  const { code, err } = await authorize(await startCal());
  expect(err).toContain(`can't listen at localhost:${port} (EADDRINUSE)`);
  expect(code).toBe(2);
});
