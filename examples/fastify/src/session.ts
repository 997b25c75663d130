import { eq } from "drizzle-orm";
import { db } from "./database.js";
import { users } from "./schema.js";

export type User = typeof users.$inferSelect;

/** Who a request's `Cookie` header belongs to. */
export async function signedIn(cookies: string | null | undefined): Promise<User | null> {
  // This sign-in stands for your application's own: here anybody who asks is signed in.
  const [, id] = /(?:^|; )session=(\w+)/.exec(cookies ?? "") ?? [];
  if (id === undefined) return null;
  const [user] = await db.select().from(users).where(eq(users.ulid, id));
  return user ?? null;
}

/** The users there are. */
export function listUsers(): Promise<User[]> {
  return db.select().from(users).orderBy(users.name);
}
