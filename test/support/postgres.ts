import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { createPool } from "./pool.js";

export { createPool } from "./pool.js";

/** A database of a test file's own, on the server that all test files share. */
export interface TestDatabase {
  url: string;
  pool: pg.Pool;
  /** Ends the pool and drops the database. */
  drop(): Promise<void>;
}

/** Makes an empty database. */
export async function createDatabase(): Promise<TestDatabase> {
  const adminUrl = await askFor("postgres");
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

/** Asks for a service that the test files share, and starts it if this is the first to ask. */
export async function askFor(service: "postgres" | "prisma" | "package"): Promise<string> {
  const response = await fetch(`${inject("servicesUrl")}/${service}`);
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return answer;
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
