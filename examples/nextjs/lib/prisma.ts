import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "@/generated/prisma/client";

// During development Next.js reloads modules. The client is stored globally, so that the process has one.
const stored = globalThis as { prisma?: PrismaClient };

export const prisma = (stored.prisma ??= new PrismaClient({
  adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }),
}));
