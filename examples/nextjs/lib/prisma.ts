import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "@/generated/prisma/client";

// Next.js loads modules anew while you develop: one client is kept for the process.
const kept = globalThis as { prisma?: PrismaClient };

export const prisma = (kept.prisma ??= new PrismaClient({
  adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }),
}));
