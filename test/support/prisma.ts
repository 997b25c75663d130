import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";

/** A Prisma client of the tests' schema. */
export interface TestPrisma {
  calendarIntegration: object;
  calendarIntegrationEntry: object;
  calToken: object;
  calEntry: object;
  calendarConnectionState: object;
  uuidToken: object;
  intToken: object;
  $queryRawUnsafe(query: string): Promise<unknown>;
  $extends(extension: object): TestPrisma;
  $disconnect(): Promise<void>;
}

/** The tests' Prisma schema for another database, or with all models in the database's schema `calendars`. */
export type PrismaVariant = "mysql" | "sqlite" | "schemas";

/**
 * The tests' Prisma client over a database. It must have been generated: `createPrisma` does that.
 *
 * @param options - Of the client, such as `omit`.
 */
export function loadPrisma(url: string, options: object = {}, variant?: PrismaVariant): Promise<TestPrisma> {
  return newClient({ adapter: new PrismaPg({ connectionString: url }), ...options }, variant);
}

/** A client for MySQL or SQLite. It connects to nothing. */
export function loadOtherPrisma(provider: "mysql" | "sqlite"): Promise<TestPrisma> {
  const connect = () => Promise.reject(new Error("There is no such database."));
  return newClient({ adapter: { provider, adapterName: provider, connect } }, provider);
}

async function newClient(options: object, variant?: PrismaVariant): Promise<TestPrisma> {
  const folder = variant === undefined ? "prisma" : `prisma-${variant}`;
  const file = join(process.cwd(), "node_modules/.calbridge-test", folder, "index.js");
  const { PrismaClient } = (await import(pathToFileURL(file).href)) as {
    PrismaClient: new (options: object) => TestPrisma;
  };
  return new PrismaClient(options);
}
