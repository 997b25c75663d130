import { CalClient, encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers, type CalHandlers } from "calbridge/handlers";
import { prismaTokenStore } from "calbridge/prisma";
import type { CalendarIntegrationStatus } from "calbridge/react";
import { headers } from "next/headers";
import { after, connection } from "next/server";
import { prisma } from "@/lib/prisma";
import { currentUser } from "@/lib/session";

let handlers: CalHandlers | undefined;

/**
 * Returns the routes under /api/cal. They are created at the first request, since `next build` has no secrets. Next.js
 * may load this module several times, for example after a change; the copies share the table. The other options are
 * read from the environment.
 */
export function calendar(): CalHandlers {
  return (handlers ??= createCalHandlers.fromEnv({
    client: createClient(),
    async authenticate() {
      const user = await currentUser();
      return user && { userId: user.ulid, email: user.email, name: user.name, timeZone: user.timeZone };
    },
    successUrl: "/settings",
  }));
}

function createClient(): CalClient {
  return CalClient.fromEnv({
    // The tokens are encrypted with CAL_TOKEN_ENCRYPTION_KEYS before they are written to the table.
    tokenStore: encryptedTokenStore(prismaTokenStore({ prisma }), { keys: encryptionKeysFromEnv() }),
    // On SIGTERM, Next.js waits for this work before it ends the process: no refreshed token is lost.
    waitUntil: (work) => after(work),
  });
}

/** The first status of <CalendarIntegration>. If this fails, the browser loads the status itself and shows its error. */
export async function readStatus(): Promise<CalendarIntegrationStatus | undefined> {
  await connection(); // not at build time
  const request = new Request("http://localhost/api/cal/calendars/status", { headers: await headers() });
  const body = (await (await calendar().status(request)).json()) as { data?: CalendarIntegrationStatus };
  return body.data;
}
