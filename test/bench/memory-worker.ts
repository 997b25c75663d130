import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Calbridge from "../../src/index.js";
import { dist } from "./report.js";

// Calls for many users without a network, to measure the memory that the client keeps.
const { CalClient } = (await import(pathToFileURL(join(dist, "index.js")).href)) as typeof Calbridge;
const at = new Date();
const expiresAt = new Date(Date.now() + 24 * 3_600_000);
const body = JSON.stringify({ status: "success", data: { connectedCalendars: [], destinationCalendar: {} } });
const cal = new CalClient({
  managedUsers: { clientId: "bench", clientSecret: "s" },
  fetch: () => Promise.resolve(new Response(body)),
  tokenStore: {
    get: (userId) =>
      Promise.resolve({
        userId,
        calUserId: 1,
        calServer: "",
        details: null,
        calAccessToken: `token-of-${userId}`.padEnd(300, "x"),
        calAccessTokenExpiresAt: expiresAt,
        calRefreshToken: "r".repeat(300),
        calRefreshTokenExpiresAt: null,
        version: 1,
        createdAt: at,
        updatedAt: at,
      }),
    set: () => Promise.resolve(null),
    delete: () => Promise.resolve(false),
  },
});

process.on("message", ({ calls, users, from }: { calls: number; users: number; from: number }) => {
  void (async () => {
    for (let n = from; n < from + calls; n += 1) await cal.forUser(`user-${n % users}`).calendars.list();
    // Twice: objects that finalizers release are collected by the next run.
    for (let n = 0; n < 2; n += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    process.send?.(process.memoryUsage().heapUsed / 1e6);
  })();
});
process.send?.("ready");
