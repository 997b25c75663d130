import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { packPackage } from "./pack.js";
import { startPostgres, type PostgresServer } from "./postgres-server.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Where test files ask for what they share: `GET /postgres`, `GET /prisma`, `GET /prisma/mysql`, `GET /package`. */
    servicesUrl: string;
  }
}

/**
 * What several test files need and only one of them should start: the Postgres server and the generated
 * Prisma client. Nothing starts before a test file asks for it, so a run that needs none pays nothing.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let postgres: Promise<PostgresServer> | undefined;
  const prisma = new Map<string, Promise<void>>();
  let packed: ReturnType<typeof packPackage> | undefined;

  const server = createServer((request, response) => {
    void (async () => {
      switch (request.url) {
        case "/postgres":
          postgres ??= startPostgres();
          return (await postgres).url;
        case "/prisma":
        case "/prisma/mysql":
        case "/prisma/sqlite":
        case "/prisma/schemas":
          if (!prisma.has(request.url)) prisma.set(request.url, generatePrismaClient(request.url));
          await prisma.get(request.url);
          return "generated";
        case "/package":
          packed ??= packPackage();
          return JSON.stringify(await packed);
        default:
          throw new Error(`no such service: ${String(request.url)}`);
      }
    })().then(
      (answer) => response.end(answer),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  project.provide("servicesUrl", await listen(server));

  return async () => {
    server.closeAllConnections();
    server.close();
    // What did not start was told to the test files that asked for it, and has removed what it left.
    await postgres?.then(
      (server) => server.stop(),
      () => undefined,
    );
    await packed?.then(
      (files) => files.remove(),
      () => undefined,
    );
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}

/** Generates the tests' Prisma client into `node_modules`, without the network. The URL may end with a variant of the schema. */
async function generatePrismaClient(url: string): Promise<void> {
  let schema = "test/fixtures/prisma/schema.prisma";
  const variant = url.split("/")[2];
  if (variant !== undefined) {
    const text = await readFile(schema, "utf8");
    schema = `node_modules/.calbridge-test/${variant}.prisma`;
    await mkdir("node_modules/.calbridge-test", { recursive: true });
    const other = variant === "schemas" ? inSchema(text) : withProvider(text, variant);
    await writeFile(schema, other.replace(/output .*/, `output = "./prisma-${variant}"`));
  }
  const cli = ["node_modules/prisma/build/index.js", "generate", "--schema", schema];
  await promisify(execFile)(process.execPath, cli, {
    // The schema engine is a download that only migrations need: any program there is keeps Prisma content.
    env: { ...process.env, CHECKPOINT_DISABLE: "1", PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
  });
}

/** The models in the database's schema `calendars`, as in a Prisma schema that has several. */
function inSchema(text: string): string {
  return text
    .replace('provider = "postgresql"', 'provider = "postgresql"\nschemas = ["calendars"]')
    .replace(/^(model [\s\S]*?)^}/gm, '$1@@schema("calendars")\n}');
}

/** The models for another database. Types of Postgres's are left out: each has its own. */
function withProvider(text: string, provider: string): string {
  return text.replace('"postgresql"', `"${provider}"`).replace(/@db\.\w+(\(\d\))?/g, "");
}
