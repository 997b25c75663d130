import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";

/** A Prisma client of the tests' schema. */
export interface TestPrisma {
  calendarIntegration: object;
  calToken: object;
  $queryRawUnsafe(query: string): Promise<unknown>;
  $disconnect(): Promise<void>;
}

/** The tests' Prisma client for a database. It must have been generated, as `createPrisma` does. */
export async function loadPrisma(url: string): Promise<TestPrisma> {
  const generated = pathToFileURL(join(process.cwd(), "node_modules/.calbridge-test/prisma/index.js")).href;
  const { PrismaClient } = (await import(generated)) as {
    PrismaClient: new (options: object) => TestPrisma;
  };
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
}
