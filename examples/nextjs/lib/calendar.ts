import { encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers, type CalHandlers } from "calbridge/handlers";
import { prismaTokenStore } from "calbridge/prisma";
import type { CalendarIntegrationStatus } from "calbridge/react";
import { headers } from "next/headers";
import { connection } from "next/server";
import { prisma } from "@/lib/prisma";
import { currentUser } from "@/lib/session";

let handlers: CalHandlers | undefined;

/**
 * The routes under /api/cal. Made when the first request comes, since `next build` has no secrets. Next.js may load
 * this module more than once, and does so after a change: what they share is the table. What is not given here is in
 * the environment.
 */
export function calendar(): CalHandlers {
  return (handlers ??= createCalHandlers.fromEnv({
    // Sealed with CAL_TOKEN_ENCRYPTION_KEYS before they reach the table.
    tokenStore: encryptedTokenStore(prismaTokenStore({ prisma }), { keys: encryptionKeysFromEnv() }),
    async authenticate() {
      const user = await currentUser();
      return user && { userId: user.ulid, email: user.email, name: user.name, timeZone: user.timeZone };
    },
    successUrl: "/settings",
  }));
}

/** What <CalendarIntegration> begins with. If it can't be had, the browser asks for it, and says so if that fails too. */
export async function readStatus(): Promise<CalendarIntegrationStatus | undefined> {
  await connection(); // not while the page is built
  const request = new Request("http://localhost/api/cal/calendars/status", { headers: await headers() });
  const answer = (await (await calendar().status(request)).json()) as { data?: CalendarIntegrationStatus };
  return answer.data;
}
