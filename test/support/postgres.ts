import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { createPool } from "./pool.js";
import type { PrismaVariant } from "./prisma.js";

export { createPool } from "./pool.js";

/** A database for one test file, on the server that all test files share. */
export interface TestDatabase {
  url: string;
  pool: pg.Pool;
  /** Ends the pool and drops the database. */
  drop(): Promise<void>;
}

/** Creates an empty database. */
export async function createDatabase(): Promise<TestDatabase> {
  const adminUrl = await requestService("postgres");
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${name}`);
  const url = adminUrl.replace(/\/postgres$/, `/${name}`);
  const pool = createPool(url);
  return {
    url,
    pool,
    drop: async () => {
      await pool.end();
      await asAdmin(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Returns the response of a service that the test files share. The first request starts it. */
export async function requestService(
  service: "postgres" | "prisma" | `prisma/${PrismaVariant}` | "package",
): Promise<string> {
  const response = await fetch(`${inject("servicesUrl")}/${service}`);
  const body = await response.text();
  if (!response.ok) throw new Error(body);
  return body;
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
