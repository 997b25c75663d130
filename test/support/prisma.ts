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

/**
 * The tests' Prisma client over a database. It must have been generated: `createPrisma` does that.
 *
 * @param options - Of the client, such as `omit`.
 */
export async function loadPrisma(url: string, options: object = {}): Promise<TestPrisma> {
  const generated = pathToFileURL(join(process.cwd(), "node_modules/.calbridge-test/prisma/index.js")).href;
  const { PrismaClient } = (await import(generated)) as {
    PrismaClient: new (options: object) => TestPrisma;
  };
  return new PrismaClient({ ...options, adapter: new PrismaPg({ connectionString: url }) });
}
