import { cookies } from "next/headers";
import type { User } from "@/generated/prisma/client";
import { prisma } from "@/lib/prisma";

/** Who is signed in. It stands for your application's own sign-in: here anybody who asks is signed in. */
export async function currentUser(): Promise<User | null> {
  const ulid = (await cookies()).get("session")?.value;
  return ulid === undefined ? null : prisma.user.findUnique({ where: { ulid } });
}
