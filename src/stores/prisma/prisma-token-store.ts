/**
 * A token store and a connection store by the application's own Prisma client.
 *
 * @module calbridge/prisma
 */
import { CalUserInUseError } from "../../errors.js";
import type { TokenRecord, TokenStore, TokenWrite } from "../../tokens/token-store.js";
import {
  assertStorableRecord,
  assertStorableText,
  assertStorableUserId,
  assertVersion,
  firstVersion,
  secretsOf,
} from "../assert-record.js";
import { columnKeys, columnNames, type TokenColumnNames } from "../columns.js";
import { hiddenRowError, rowWithoutUserError, spellingError } from "../refused-write.js";
import { entryFields, prismaEntries } from "./entries.js";
import { isUniqueViolation, withPrismaErrors } from "./errors.js";
import { modelOf, primaryOf } from "./model.js";
import { tokenRows } from "./token-rows.js";

export type { TokenColumnNames, TokenColumns } from "../columns.js";
export { prismaConnectionStore, type PrismaConnectionStoreOptions } from "./prisma-connection-store.js";

/** Options of {@link prismaTokenStore}. */
export interface PrismaTokenStoreOptions<Client extends object = object> {
  /** The application's own client, of Prisma 7, or of Prisma 6 with a driver adapter. Not the client of an interactive transaction. */
  prisma: Client;
  /**
   * The token model, as the client calls it.
   * @defaultValue `calendarIntegration`
   */
  model?: Extract<keyof Client, string> | undefined;
  /**
   * The model for leases and connection attempts.
   * @defaultValue the token model's name followed by `Entry`: `calendarIntegrationEntry`
   */
  entryModel?: Extract<keyof Client, string> | undefined;
  /** Fields of the token model that have other names. `@map` makes no difference here. */
  fields?: TokenColumnNames | undefined;
}

/**
 * Keeps tokens in a model of the application's own Prisma client, and leases and connection attempts in a second model,
 * for any number of processes. `calbridge schema --prisma` prints both. Writes are conditional updates; no transaction is
 * opened. Works over Postgres.
 *
 * @throws `CalValidationError` for a client without the models or over another database, and for what a database can't store.
 * @throws `CalStoreError` if Prisma or the database fails.
 * @throws `CalUserInUseError` from `set` and `reassign`, if another user's record has the Cal.com user.
 *
 * @example
 * ```ts
 * import { prismaTokenStore } from "calbridge/prisma";
 *
 * const tokenStore = prismaTokenStore({ prisma: new PrismaClient({ adapter }) });
 * ```
 */
// eslint-disable-next-line max-lines-per-function -- one closure is one store, and its methods share the model
export function prismaTokenStore<Client extends object>(
  options: PrismaTokenStoreOptions<Client>,
): Required<TokenStore> {
  const prisma = primaryOf(options.prisma);
  const f = columnNames(options.fields, "fields");
  const name: string = options.model ?? "calendarIntegration";
  const model = modelOf(prisma, name, { option: "model", fields: columnKeys.map((key) => f[key]) });
  const entryModel = modelOf(prisma, options.entryModel ?? `${name}Entry`, {
    option: "entryModel",
    fields: entryFields,
  });
  const rows = tokenRows(model, f);

  /**
   * Runs a write that a unique constraint may refuse. Then the row that it conflicts with is visible, and says what to
   * do: it is the record of the user who is new (`null`), or another user's with the Cal.com user (an error).
   */
  async function guarded(
    record: TokenWrite,
    from: string | null,
    write: () => PromiseLike<TokenRecord | null>,
  ): Promise<TokenRecord | null> {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      if (from !== record.userId && (await rows.ownOf(record.userId))) return null;
      await assertNotInUse(record, from ?? record.userId);
      throw hiddenRowError();
    }
  }

  async function assertNotInUse(record: TokenWrite, besides: string): Promise<void> {
    const others = await rows.withCalUser(record);
    const other = others.find((userId) => userId !== besides);
    if (other === undefined) return;
    throw other === null ? rowWithoutUserError() : new CalUserInUseError();
  }

  async function insert(record: TokenWrite): Promise<TokenRecord | null> {
    if (await rows.ownOf(record.userId)) return null;
    await assertNotInUse(record, record.userId);
    return guarded(record, null, async () => {
      const now = new Date();
      const row = await rows.create(record, { version: firstVersion(), now });
      if (rows.userIdOf(row) === record.userId) return rows.toRecord(row);
      // A uuid column, for example, stores the lower-case spelling: that would be another user's record.
      await rows.remove(row);
      throw spellingError();
    });
  }

  /** Writes the record over the one of the user `from`. */
  async function replace(record: TokenWrite, from: string, ifVersion: number): Promise<TokenRecord | null> {
    const [row] = await rows.allOf(from);
    if (row === undefined || rows.versionOf(row) !== ifVersion) return null;
    // An unchanged Cal.com user is not checked: where the index is missing because of old duplicates, those users'
    // tokens must still be written.
    if (!rows.hasCalUser(row, record)) await assertNotInUse(record, from);
    // It stays the newest of the user's rows, even if this process's clock is behind.
    const now = new Date(Math.max(Date.now(), rows.updatedAtOf(row)));
    return guarded(record, from, () => rows.update(row, record, now));
  }

  async function reassign(record: TokenWrite, from: string, ifVersion: number): Promise<TokenRecord | null> {
    if (await rows.ownOf(record.userId)) return null;
    if (rows.isUnstorable(record.userId)) throw spellingError();
    const [row, ...older] = await rows.allOf(from);
    const moved = await replace(record, from, ifVersion);
    if (moved === null || row === undefined) return null;
    if (await rows.isStoredAs(row, record.userId)) {
      // One of the older rows would be taken for the former user's record.
      for (const old of older) await rows.remove(old);
      return moved;
    }
    await rows.restore(row);
    throw spellingError();
  }

  return {
    async get(userId) {
      assertStorableUserId(userId);
      const [row] = await withPrismaErrors("read the user's tokens", () => rows.allOf(userId));
      return row === undefined ? null : rows.toRecord(row);
    },

    async set(record, { ifVersion }) {
      assertStorableRecord(record);
      if (ifVersion !== null) assertVersion(ifVersion);
      const write = () => (ifVersion === null ? insert(record) : replace(record, record.userId, ifVersion));
      return withPrismaErrors("write the user's tokens", write, secretsOf(record));
    },

    async delete(userId) {
      assertStorableUserId(userId);
      return withPrismaErrors("delete the user's tokens", () => rows.removeAllOf(userId));
    },

    ...prismaEntries(prisma, entryModel),

    async list({ after, limit }) {
      if (after !== undefined) assertStorableText(after, "after");
      return withPrismaErrors("list the users", () => rows.userIds(after, limit));
    },

    async findUser(account) {
      const userIds = await withPrismaErrors("find the user of a Cal.com user", () =>
        rows.withCalUser(account),
      );
      return userIds.find((userId) => userId !== null) ?? null;
    },

    async reassign(record, { from, ifVersion }) {
      assertStorableRecord(record);
      assertStorableUserId(from);
      assertVersion(ifVersion);
      const move = () => reassign(record, from, ifVersion);
      return withPrismaErrors("write the user's tokens", move, secretsOf(record));
    },
  };
}
