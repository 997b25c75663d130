import { expect } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { connectedAccounts, walk, type WalkedApp } from "../../support/walk.js";
import { walkLinking } from "../../support/walk-linking.js";
import { exampleEnv, type ExampleProject } from "./project.js";

/**
 * Starts an example with a database and an emulator of its own, goes through its pages, and starts it again. The tokens
 * are in the table, encrypted, and the second start uses them. The first server is stopped during a refresh.
 */
export async function walkExample(
  project: ExampleProject,
  options: {
    /** The script that starts the server, or a function of the port if the script does not read `PORT`. */
    script: string | ((port: string) => string);
    /** Creates the tables. */
    migrate?: (database: TestDatabase, env: Record<string, string>) => Promise<void>;
    /** Reads the token table, if it is not in Postgres. */
    readRows?: () => Promise<Record<string, string>[]>;
    basePath?: string;
    isRendered?: boolean;
    /** The paths of the scripts that its page loads. */
    scripts?: readonly string[];
    /** Whether the server writes tokens that are being refreshed when it is told to end. */
    isLongLived?: boolean;
  },
): Promise<void> {
  const { basePath = "/api/cal", isRendered = false, scripts = [] } = options;
  const emulator = createCalEmulator();
  const calCom = await emulator.listen();
  const database = await createDatabase();
  try {
    const services = { emulator, calUrl: calCom.url, databaseUrl: database.url };
    const { env, port, origin } = await exampleEnv(project, services);
    const script = typeof options.script === "string" ? options.script : options.script(port);
    await options.migrate?.(database, env);
    const app = { origin, basePath, page: "/settings", isRendered, emulator };
    const first = await project.start(script, { origin, env });
    try {
      await walk(app);
      for (const path of scripts) await expectScript(origin + path);
      if (options.isLongLived !== false) await startRefresh(app);
    } finally {
      await first.stop();
    }

    const readRows = options.readRows ?? (() => rowsOf(database));
    const rows = await readRows();
    expect(rows.map(({ userUlid }) => userUlid)).toEqual(["ada"]);
    // A JWE starts with its header, {"alg":"dir",...
    expect(rows[0]).toMatchObject({
      calAccessToken: expect.stringMatching(/^eyJhbGciOiJkaXIi/),
      calRefreshToken: expect.stringMatching(/^eyJhbGciOiJkaXIi/),
    });

    const before = emulator.count({ path: /oauth-clients|\/oauth\// });
    const second = await project.start(script, { origin, env });
    try {
      expect(await connectedAccounts(app, "ada")).toEqual(["bob", "erin"]);
      expect(emulator.count({ path: /oauth-clients|\/oauth\// }), "no new tokens were requested").toBe(
        before,
      );
    } finally {
      await second.stop();
    }
  } finally {
    await database.drop();
    await calCom.close();
  }
}

/** Starts a refresh that outlives its caller: the browser is closed before Cal.com has responded. */
async function startRefresh({ origin, basePath = "/api/cal", emulator }: WalkedApp): Promise<void> {
  const [ada] = emulator.users.list().filter(({ email }) => email.startsWith("ada"));
  emulator.users.expireAccessTokens(ada!.id);
  const slow = emulator.inject({ method: "POST", path: /\/refresh$/, effect: { delayMs: 2_000 } });
  const browser = new AbortController();
  const request = fetch(`${origin}${basePath}/calendars/status`, {
    headers: { cookie: "session=ada" },
    signal: browser.signal,
  });
  await expect.poll(() => slow.hits).toBe(1);
  browser.abort();
  await expect(request).rejects.toThrow();
}

/**
 * Starts an example whose environment names an OAuth client and no platform client, and goes through its pages: users link
 * their own Cal.com accounts.
 */
export async function walkExampleWithOwnAccounts(
  project: ExampleProject,
  options: {
    script: (port: string) => string;
    migrate: (database: TestDatabase) => Promise<void>;
    basePath?: string;
  },
): Promise<void> {
  const { basePath = "/api/cal" } = options;
  const emulator = createCalEmulator();
  const calCom = await emulator.listen();
  const database = await createDatabase();
  try {
    const services = { emulator, calUrl: calCom.url, databaseUrl: database.url };
    const { env, port, origin } = await exampleEnv(project, services);
    const { CAL_CLIENT_ID: _id, CAL_CLIENT_SECRET: _secret, ...rest } = env;
    const redirectUris = [`${origin}${basePath}/oauth/callback`];
    const client = emulator.oauth2.clients.create({ id: "example", secret: "its-secret", redirectUris });
    const oauth = {
      CAL_OAUTH_CLIENT_ID: client.id,
      CAL_OAUTH_CLIENT_SECRET: "its-secret",
      CAL_AUTHORIZE_URL: emulator.oauth2.authorizeUrl,
    };
    await options.migrate(database);
    const server = await project.start(options.script(port), { origin, env: { ...rest, ...oauth } });
    try {
      await walkLinking({ origin, basePath, page: "/settings", emulator });
    } finally {
      await server.stop();
    }
  } finally {
    await database.drop();
    await calCom.close();
  }
}

async function rowsOf({ pool }: TestDatabase): Promise<Record<string, string>[]> {
  return (await pool.query<Record<string, string>>(`SELECT * FROM "CalendarIntegration"`)).rows;
}

async function expectScript(url: string): Promise<void> {
  const response = await fetch(url);
  expect(response.headers.get("content-type"), url).toMatch(/^(text|application)\/javascript/);
  expect(await response.text(), url).toContain("oauth-connect-url");
}
