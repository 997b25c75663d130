import { existsSync } from "node:fs";
import { defineConfig } from "prisma/config";

if (existsSync(".env")) process.loadEnvFile();

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  // For the commands that migrate. The application itself connects in lib/prisma.ts.
  datasource: { url: process.env.DATABASE_URL ?? "" },
});
