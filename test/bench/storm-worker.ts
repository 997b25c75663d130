import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Calbridge from "../../src/index.js";
import type * as Postgres from "../../src/stores/postgres/postgres-token-store.js";
import { createPool } from "../support/pool.js";
import { dist } from "./report.js";

const [calUrl = "", databaseUrl = ""] = process.argv.slice(2);
const load = async <T>(file: string) => (await import(pathToFileURL(join(dist, file)).href)) as T;
const { CalClient } = await load<typeof Calbridge>("index.js");
const { postgresTokenStore } = await load<typeof Postgres>("postgres.js");

const pool = createPool(databaseUrl, { max: 10 });
const cal = new CalClient({
  managedUsers: { clientId: "bench", clientSecret: "bench-secret" },
  baseUrl: calUrl,
  timeoutMs: 60_000,
  tokenStore: postgresTokenStore({ client: pool }),
});

/** Requests the user's token by many callers at once. Replies with the time until the last one had it, in ms. */
process.on("message", ({ userId, callers }: { userId: string; callers: number }) => {
  void (async () => {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: callers }, () => cal.forUser(userId).accessToken()));
    process.send?.(performance.now() - startedAt);
  })();
});
process.send?.("ready");
