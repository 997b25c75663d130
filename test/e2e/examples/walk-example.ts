import { expect } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { connectedAccounts, walk } from "../../support/walk.js";
import { exampleEnv, type ExampleProject } from "./project.js";

/**
 * Starts an example with a database and an emulator of its own, goes through its pages, and starts it again. The tokens
 * are in the table, encrypted, and the second start uses them.
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

async function rowsOf({ pool }: TestDatabase): Promise<Record<string, string>[]> {
  return (await pool.query<Record<string, string>>(`SELECT * FROM "CalendarIntegration"`)).rows;
}

async function expectScript(url: string): Promise<void> {
  const response = await fetch(url);
  expect(response.headers.get("content-type"), url).toMatch(/^(text|application)\/javascript/);
  expect(await response.text(), url).toContain("oauth-connect-url");
}
