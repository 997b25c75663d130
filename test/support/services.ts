import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { packPackage } from "./pack.js";
import { startPostgres, type PostgresServer } from "./postgres-server.js";

declare module "vitest" {
  interface ProvidedContext {
    /** The URL of the services that test files share: `GET /postgres`, `GET /prisma`, `GET /package`. */
    servicesUrl: string;
  }
}

/**
 * Serves what test files share: a Postgres server, the generated Prisma client and the packed package. Each is started at
 * the first request for it.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let postgres: Promise<PostgresServer> | undefined;
  let prisma: Promise<void> | undefined;
  let packed: ReturnType<typeof packPackage> | undefined;

  const server = createServer((request, response) => {
    void (async () => {
      switch (request.url) {
        case "/postgres":
          postgres ??= startPostgres();
          return (await postgres).url;
        case "/prisma":
          prisma ??= generatePrismaClient();
          await prisma;
          return "generated";
        case "/package":
          packed ??= packPackage();
          return JSON.stringify(await packed);
        default:
          throw new Error(`Unknown service: ${String(request.url)}`);
      }
    })().then(
      (body) => response.end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  project.provide("servicesUrl", await listen(server));

  return async () => {
    server.closeAllConnections();
    server.close();
    await (await postgres)?.stop();
    await (await packed)?.remove();
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

/** Generates the tests' Prisma client into `node_modules`, without the network. */
async function generatePrismaClient(): Promise<void> {
  const cli = [
    "node_modules/prisma/build/index.js",
    "generate",
    "--schema",
    "test/fixtures/prisma/schema.prisma",
  ];
  await promisify(execFile)(process.execPath, cli, {
    // Only migrations need the schema engine, which would be downloaded. Prisma accepts any program in its place.
    env: { ...process.env, CHECKPOINT_DISABLE: "1", PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
  });
}
