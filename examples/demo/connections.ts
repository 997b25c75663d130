import { isCalError } from "calbridge";
import type { Context, Hono } from "hono";
import { connectionsDocument } from "./document.js";
import type { DemoServices } from "./services.js";

/**
 * The page with all users' connections, for the people who run the application. A real application lets only them see
 * it.
 */
export function addConnectionsPage(
  app: Hono,
  { cal, emulator, tokenStore, feed }: DemoServices,
  users: readonly { id: string; name: string }[],
): void {
  app.get("/connections", async (context) => {
    const checked = users.map(async ({ id, name }) => ({
      id,
      name,
      check: await cal.lastConnectionCheck(id),
    }));
    const isEmulated = emulator !== undefined;
    return context.html(
      connectionsDocument({ users: await Promise.all(checked), changes: feed.changes(), isEmulated }),
    );
  });

  app.post("/connections/check", async (context) => {
    for (const { id } of users) await check(id);
    return context.redirect("/connections", 303);
  });

  // What a user can do at any time at the provider. The scheduler would notice it within a day.
  app.post("/connections/revoke", async (context) => {
    const userId = await field(context, "userId");
    const record = users.some(({ id }) => id === userId) ? await tokenStore.get(userId) : null;
    if (!emulator || !record) return context.text("Unknown user.", 404);
    if (emulator.calendars.credentials(record.calUserId).length > 0) {
      emulator.provider.revoke({ userId: record.calUserId });
      feed.add({ text: `${userId} revoked Cal.com's access at the provider.` });
    }
    await check(userId);
    return context.redirect("/connections", 303);
  });

  async function check(userId: string): Promise<void> {
    try {
      await cal.checkConnection(userId);
    } catch (error) {
      // A user who has connected nothing yet is not known at Cal.com.
      if (!isCalError(error) || error.code !== "user_not_found") throw error;
    }
  }
}

async function field(context: Context, name: string): Promise<string> {
  const value = (await context.req.parseBody())[name];
  return typeof value === "string" ? value : "";
}
