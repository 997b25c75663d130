import { createClient } from "@libsql/client";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A database file in a folder of its own. */
export async function createSqliteFile(): Promise<{ file: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "calbridge-sqlite-"));
  return {
    file: join(directory, "test.db"),
    remove: () => rm(directory, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Opens a file with libsql. */
export function openLibsql(file: string): ReturnType<typeof createClient> {
  return createClient({ url: `file:${file}` });
}
