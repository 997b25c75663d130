import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { redactError } from "../../lib/redact.js";
import type { CommandIo } from "../command.js";
import { note, wrong, type Finding } from "./finding.js";

/** A row of a result. */
export type DatabaseRow = Record<string, unknown>;

/** A connection to the application's database. */
export interface Database {
  query(text: string, values?: unknown[]): Promise<{ rows: DatabaseRow[] }>;
}

interface PgClient extends Database {
  connect(): Promise<void>;
  end(): Promise<void>;
  on(event: "error", listener: () => void): unknown;
}

type PgModule = { Client: new (options: object) => PgClient };

/** Checks the database of `DATABASE_URL`, with the application's own `pg`. */
export async function withDatabase(
  io: CommandIo,
  check: (database: Database) => Promise<Finding[]>,
): Promise<Finding[]> {
  const url = io.env["DATABASE_URL"]?.trim();
  if (!url) {
    return [
      note(
        "DATABASE_URL is not set: the token table was not checked.",
        "Set it, if the tokens are kept in Postgres or in a SQLite file.",
      ),
    ];
  }
  if (!/^postgres(ql)?:\/\//.test(url)) {
    return [
      wrong("DATABASE_URL is not a Postgres URL or a SQLite file.", "It begins with postgresql:// or file:."),
    ];
  }
  const pg = await loadPg(io.cwd);
  if (!pg) {
    return [
      wrong("The token table was not checked: the package pg is not installed here.", "npm install pg"),
    ];
  }
  let client: PgClient | undefined;
  try {
    client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, query_timeout: 30_000 });
    // A lost connection: the next query fails with it.
    client.on("error", () => undefined);
    await client.connect();
    return await check(client);
  } catch (error) {
    // Whatever pg throws: a wrong password, no such database, a refused connection.
    const { message, code } = redactError(error, secretsOf(url)) as Error & { code?: string };
    const text = `The database could not be checked: ${[code, message].filter(Boolean).join(", ")}.`;
    return [wrong(text, "Is DATABASE_URL right, and may this machine connect to the database?")];
  } finally {
    await client?.end().catch(() => undefined);
  }
}

async function loadPg(cwd: string): Promise<PgModule | undefined> {
  try {
    const path = createRequire(join(cwd, "package.json")).resolve("pg");
    const module = (await import(pathToFileURL(path).href)) as { default: PgModule };
    return module.default;
  } catch (error) {
    if ((error as { code?: unknown }).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

function secretsOf(url: string): string[] {
  if (!URL.canParse(url)) return [url];
  const { password } = new URL(url);
  return [url, password];
}
