import type { TokenRecord, TokenStore, TokenWrite } from "../../src/index.js";

/** Changes a user's row as SQL would: nothing but the store's own rules is checked. Returns the row as it was. */
export async function editRow(
  store: TokenStore,
  userId: string,
  change: Partial<TokenWrite>,
): Promise<TokenRecord> {
  const record = await store.get(userId);
  if (!record) throw new Error(`There is no row of ${userId}.`);
  const { version, createdAt, updatedAt, ...write } = record;
  await store.set({ ...write, ...change }, { ifVersion: version });
  return record;
}
