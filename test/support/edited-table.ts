import fc from "fast-check";
import { encryptedTokenStore, type TokenRecord, type TokenStore } from "../../src/index.js";
import { testKeys } from "./keys.js";

/** How the table is protected against those who can write to it. */
export const protections: Record<string, (table: TokenStore) => TokenStore> = {
  "no encryption": (table) => table,
  encryption: (table) => encryptedTokenStore(table, { keys: testKeys }),
  "encryption without unencrypted rows": (table) =>
    encryptedTokenStore(table, { keys: testKeys, allowUnencrypted: false }),
};

/** What one who can write to the table does to a row, with the help of another one. */
export const edit = fc.record({
  do: fc.constant("edit" as const),
  row: fc.nat({ max: 5 }),
  other: fc.nat({ max: 5 }),
  how: fc.constantFrom("calUser", "garbage", "forged", "older", "copy", "remove"),
});

interface EditedTable {
  table: Required<TokenStore>;
  /** Rows as they were, in case the attacker puts one back. */
  older: TokenRecord[];
  isSealed: boolean;
  /** Whether a row may be made to name this Cal.com user. */
  mayBeNamed: (calUserId: number) => boolean;
}

/** What one who can write to the table, but has no key and no token of another person, can make of a row. */
export async function editTable(
  { row, other, how }: typeof edit extends fc.Arbitrary<infer Edit> ? Edit : never,
  { table, older, isSealed, mayBeNamed }: EditedTable,
): Promise<void> {
  const userIds = await table.list({ limit: 10 });
  const [mine, theirs] = [userIds[row % userIds.length], userIds[other % userIds.length]];
  if (mine === undefined || theirs === undefined) return;
  const [target, source] = [(await table.get(mine))!, (await table.get(theirs))!];
  older.push(target);
  const { version, createdAt, updatedAt, ...kept } = target;
  const expired = { calAccessTokenExpiresAt: new Date(0), calRefreshToken: null };
  const { calUserId } = source;
  if (how !== "older" && mine !== theirs && !mayBeNamed(calUserId)) return;
  const payload = Buffer.from(JSON.stringify({ ownerId: calUserId })).toString("base64url");
  const change = {
    calUser: { calUserId },
    garbage: { ...expired, calUserId, calAccessToken: "x", details: null },
    forged: {
      ...expired,
      calUserId,
      calAccessToken: `eyJhbGciOiJub25lIn0.${payload}.x`,
      details: '{"grant":"managed","rotation":99,"isOwned":true}',
    },
    // Encrypted values can be copied; unencrypted ones are tokens, and would be the other person's already.
    copy: isSealed ? { ...source, userId: mine } : {},
    older: older.find(({ userId }) => userId === mine) ?? {},
    remove: null,
  }[how];
  if (change && Object.keys(change).length === 0) return;
  await table.delete(mine);
  if (!change) return;
  const { version: _, createdAt: __, updatedAt: ___, ...write } = { ...target, ...kept, ...change };
  const holder = await table.findUser({ calServer: "", calUserId: write.calUserId });
  if (holder !== null) await table.delete(holder);
  await table.set(write, { ifVersion: null });
}
