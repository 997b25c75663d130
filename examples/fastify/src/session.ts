import { eq } from "drizzle-orm";
import { db } from "./database.js";
import { users } from "./schema.js";

export type User = typeof users.$inferSelect;

/** Returns the user that a request's `Cookie` header belongs to. */
export async function signedIn(cookies: string | null | undefined): Promise<User | null> {
  // Replace this sign-in by your own. It needs no password.
  const [, id] = /(?:^|; )session=(\w+)/.exec(cookies ?? "") ?? [];
  if (id === undefined) return null;
  const [user] = await db.select().from(users).where(eq(users.ulid, id));
  return user ?? null;
}

/** Returns all users. */
export function listUsers(): Promise<User[]> {
  return db.select().from(users).orderBy(users.name);
}
