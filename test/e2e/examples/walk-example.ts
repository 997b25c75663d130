import { expect } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { connectedAccounts, walk } from "../../support/walk.js";
import { exampleEnv, type ExampleProject } from "./project.js";

/**
 * Starts an example over a database and an emulator of its own, walks through it, and starts it once more: the
 * tokens are in the table, sealed, and the second start finds them.
 */
export async function walkExample(
  project: ExampleProject,
  options: {
    /** The script that starts the server, by its port if it doesn't read `PORT`. */
    script: string | ((port: string) => string);
    /** Makes the tables. */
    migrate?: (database: TestDatabase, env: Record<string, string>) => Promise<void>;
    basePath?: string;
    isRendered?: boolean;
  },
): Promise<void> {
  const { basePath = "/api/cal", isRendered = false } = options;
  const emulator = createCalEmulator();
  const calCom = await emulator.listen();
  const database = await createDatabase();
  try {
    const where = { emulator, calUrl: calCom.url, databaseUrl: database.url };
    const { env, port, origin } = await exampleEnv(project, where);
    const script = typeof options.script === "string" ? options.script : options.script(port);
    await options.migrate?.(database, env);
    const app = { origin, basePath, page: "/settings", isRendered, emulator };
    const first = await project.start(script, { origin, env });
    await walk(app).finally(() => first.stop());

    const { rows } = await database.pool.query<Record<string, string>>(`SELECT * FROM "CalendarIntegration"`);
    expect(rows.map(({ userUlid }) => userUlid)).toEqual(["ada"]);
    // A JWE begins with its header, {"alg":"dir",...
    expect(rows[0]).toMatchObject({
      calAccessToken: expect.stringMatching(/^eyJhbGciOiJkaXIi/),
      calRefreshToken: expect.stringMatching(/^eyJhbGciOiJkaXIi/),
    });

    const asked = emulator.count({ path: /oauth-clients|\/oauth\// });
    const second = await project.start(script, { origin, env });
    try {
      expect(await connectedAccounts(app, "ada")).toEqual(["bob", "erin"]);
      expect(emulator.count({ path: /oauth-clients|\/oauth\// }), "no tokens were asked for").toBe(asked);
    } finally {
      await second.stop();
    }
  } finally {
    await database.drop();
    await calCom.close();
  }
}
