import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { runInNewContext } from "node:vm";
import type { PGlite } from "@electric-sql/pglite";
import type pg from "pg";
import postgres from "postgres";
import { CalValidationError } from "../../../src/errors.js";
import {
  postgresConnectionStore,
  postgresTokenStore,
  type PostgresClient,
  type PostgresQueryClient,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { createPool } from "../../support/postgres.js";
import { createPglite, createPostgresJs } from "../../support/token-stores.js";
import { tools } from "./tools.js";

// The libraries are installed with the runtimes, so the root does not see their types. What is used of them is typed here.

const load = createRequire(join(tools, "index.js"));

/** The version of an installed package. */
export function versionOf(name: string): string {
  for (let folder = dirname(load.resolve(name)); ; folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<
        string,
        string
      >;
      if (manifest["name"] === name) return manifest["version"]!;
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT") throw error;
    }
  }
}

/** Why both stores refuse a client when they are created. */
export function refusal(client: unknown): string {
  const [tokens, connections] = [postgresTokenStore, postgresConnectionStore].map((createStore) => {
    try {
      createStore({ client: client as PostgresClient });
    } catch (error) {
      if (error instanceof CalValidationError) return error.message;
      throw error;
    }
    throw new Error("The client was not refused.");
  });
  if (tokens !== connections)
    throw new Error(`The stores disagree: ${String(tokens)} ${String(connections)}`);
  return tokens!;
}

/** Runs the code that a refusal says to pass. `names` are what an application has at hand. */
function asAdvised(client: unknown, names: Record<string, unknown>): PostgresClient {
  const message = refusal(client);
  const [, code] = /: pass (?:the driver's pool, or )?(db\.\$client|\{.*\})(?:\.$|,)/.exec(message) ?? [];
  if (code === undefined) throw new Error(`No code in the advice: ${message}`);
  return runInNewContext(`(${code})`, names) as PostgresClient;
}

interface TypeOrm extends PostgresQueryClient {
  initialize(): Promise<unknown>;
  destroy(): Promise<void>;
  manager: PostgresQueryClient;
  createQueryRunner(): PostgresQueryClient & { release(): Promise<void> };
}

/** TypeORM's DataSource. It connects to nothing yet. */
export function createTypeOrm(options: object): TypeOrm {
  const { DataSource } = load("typeorm") as { DataSource: new (options: object) => TypeOrm };
  return new DataSource(options);
}

interface Drizzle {
  $client: unknown;
  transaction(work: (transaction: object) => Promise<void>): Promise<void>;
}

/** Drizzle's db, over a driver's client. */
export function createDrizzle(driver: "node-postgres" | "postgres-js" | "pglite", client: unknown): Drizzle {
  const { drizzle } = load(`drizzle-orm/${driver}`) as { drizzle: (client: unknown) => Drizzle };
  return drizzle(client);
}

/** A client, over the database or over one of its own. */
interface Opened {
  client: PostgresClient;
  close(): Promise<unknown>;
}

function openPostgresJs(
  url: string,
  options: postgres.Options<Record<string, postgres.PostgresType>>,
): Opened {
  const client = createPostgresJs(url, options);
  return { client, close: () => client.end() };
}

async function openTypeOrm(
  url: string,
  clientOf: (source: TypeOrm) => PostgresClient = (source) => source,
): Promise<Opened> {
  const source = createTypeOrm({ type: "postgres", url });
  await source.initialize();
  return { client: clientOf(source), close: () => source.destroy() };
}

function openSequelize(url: string): Opened {
  const { Sequelize } = load("sequelize") as {
    Sequelize: new (url: string, options: object) => { close(): Promise<void> };
  };
  const sequelize = new Sequelize(url, { logging: false });
  return { client: asAdvised(sequelize, { sequelize }), close: () => sequelize.close() };
}

function openKnex(url: string): Opened {
  const createKnex = load("knex") as (options: object) => { destroy(): Promise<void> };
  const knex = createKnex({ client: "pg", connection: url });
  return { client: asAdvised(knex, { knex }), close: () => knex.destroy() };
}

function openKysely(url: string): Opened {
  const { Kysely, PostgresDialect, CompiledQuery } = load("kysely") as {
    Kysely: new (options: object) => { destroy(): Promise<void> };
    PostgresDialect: new (options: { pool: pg.Pool }) => object;
    CompiledQuery: unknown;
  };
  const db = new Kysely({ dialect: new PostgresDialect({ pool: createPool(url) }) });
  return { client: asAdvised(db, { db, CompiledQuery }), close: () => db.destroy() };
}

function openDrizzle(driver: "node-postgres" | "postgres-js", { client, close }: Opened): Opened {
  const db = createDrizzle(driver, client);
  return { client: asAdvised(db, { db }), close };
}

function openPool(url: string): Opened {
  const client = createPool(url);
  return { client, close: () => client.end() };
}

async function openPglite(
  clientOf: (pglite: PGlite) => PostgresClient = (pglite) => pglite,
): Promise<Opened> {
  const pglite = await createPglite();
  return { client: clientOf(pglite), close: () => pglite.close() };
}

/** What applications have, by the name in `docs/stores.md`, with the packages whose versions are tested. */
export const clients: Record<
  string,
  { packages: string[]; open: (url: string) => Opened | Promise<Opened> }
> = {
  "pg, a Pool": { packages: ["pg"], open: openPool },
  "postgres.js": { packages: ["postgres"], open: (url) => openPostgresJs(url, {}) },
  "postgres.js, transform: postgres.camel": {
    packages: ["postgres"],
    open: (url) => openPostgresJs(url, { transform: postgres.camel }),
  },
  "postgres.js, other names and null for undefined": {
    packages: ["postgres"],
    open: (url) => openPostgresJs(url, { transform: { undefined: null, column: postgres.toPascal } }),
  },
  PGlite: { packages: ["@electric-sql/pglite"], open: () => openPglite() },
  "TypeORM, a DataSource": { packages: ["typeorm", "pg"], open: (url) => openTypeOrm(url) },
  "TypeORM, an EntityManager": {
    packages: ["typeorm", "pg"],
    open: (url) => openTypeOrm(url, ({ manager }) => manager),
  },
  "Drizzle over pg": {
    packages: ["drizzle-orm", "pg"],
    open: (url) => openDrizzle("node-postgres", openPool(url)),
  },
  "Drizzle over postgres.js": {
    packages: ["drizzle-orm", "postgres"],
    open: (url) => openDrizzle("postgres-js", openPostgresJs(url, {})),
  },
  "Drizzle over PGlite": {
    packages: ["drizzle-orm", "@electric-sql/pglite"],
    open: () =>
      openPglite((pglite) => {
        const db = createDrizzle("pglite", pglite);
        return asAdvised(db, { db });
      }),
  },
  Sequelize: { packages: ["sequelize", "pg"], open: openSequelize },
  Knex: { packages: ["knex", "pg"], open: openKnex },
  Kysely: { packages: ["kysely", "pg"], open: openKysely },
};
