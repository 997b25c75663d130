import { existsSync } from "node:fs";
import { defineConfig } from "prisma/config";

if (existsSync(".env")) process.loadEnvFile();

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  // For the migration commands. The application connects in lib/prisma.ts.
  datasource: { url: process.env.DATABASE_URL ?? "" },
});
