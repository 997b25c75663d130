/**
 * A token store by the application's own Prisma client.
 *
 * @module calbridge/prisma
 */
import { withoutUndefined, type Optional } from "../../lib/optional.js";
import { CalStoreError } from "../../errors.js";
import type { TokenRecord, TokenStore, TokenWrite } from "../../tokens/token-store.js";
import { defaultColumns, type TokenColumns } from "../columns.js";
import { databaseNow, isUniqueViolation, modelOf, prismaError } from "./model.js";
import { assertStorableRecord, assertStorableUserId, firstVersion, secretsOf } from "../check-record.js";

export type { TokenColumns } from "../columns.js";

/** Options of {@link prismaTokenStore}. */
export interface PrismaTokenStoreOptions<Client extends object = object> {
  /** The application's own client, of Prisma 6 or 7. Not one of an interactive transaction. */
  prisma: Client;
  /** The token model, as it is called on the client. Default: `calendarIntegration`. */
  model?: Extract<keyof Client, string> | undefined;
  /** Fields of the model that are called something else. What `@map` does is Prisma's own affair. */
  fields?: Optional<TokenColumns> | undefined;
}

type Row = Record<string, unknown>;

/**
 * Keeps tokens in a model of the application's own Prisma client (`calbridge schema --prisma` prints it),
 * for any number of processes. Writes are conditional updates; no transaction is opened. Made for and
 * tested with Postgres.
 *
 * Rejects with `CalStoreError` if Prisma or the database fails, with `CalValidationError` for what a
 * database can't hold.
 *
 * @example
 * ```ts
 * import { prismaTokenStore } from "calbridge/prisma";
 *
 * const tokenStore = prismaTokenStore({ prisma: new PrismaClient({ adapter }) });
 * ```
 */
export function prismaTokenStore<Client extends object>(
  options: PrismaTokenStoreOptions<Client>,
): TokenStore & Required<Pick<TokenStore, "acquireLease" | "releaseLease" | "list">> {
  const { prisma } = options;
  const name: string = options.model ?? "calendarIntegration";
  const model = modelOf(prisma, name);
  const f: TokenColumns = { ...defaultColumns, ...withoutUndefined(options.fields ?? {}) };

  async function attempt<Result>(
    doing: string,
    work: () => PromiseLike<Result>,
    secrets: string[] = [],
  ): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      // Whatever Prisma throws: the database's errors, a lost connection, a model that doesn't fit.
      throw prismaError(doing, error, secrets);
    }
  }

  /** The row that counts: before the unique index is there a user may have several. */
  async function newest(userId: string): Promise<Row | null> {
    const rows = await model.findMany({ where: { [f.userId]: userId } });
    return rows.reduce<Row | null>((best, row) => (best && !isNewer(row, best) ? best : row), null);
  }

  function isNewer(row: Row, other: Row): boolean {
    const [mine, theirs] = [instant(row[f.updatedAt]), instant(other[f.updatedAt])];
    return mine === theirs ? (row[f.id] as number) > (other[f.id] as number) : mine > theirs;
  }

  function readRecord(userId: string, row: Row): TokenRecord {
    return {
      userId,
      calUserId: Number(row[f.calUserId]),
      calServer: "",
      details: null,
      calAccessToken: row[f.calAccessToken] as string,
      calAccessTokenExpiresAt: date(row[f.calAccessTokenExpiresAt]),
      calRefreshToken: (row[f.calRefreshToken] as string | null) ?? null,
      calRefreshTokenExpiresAt: date(row[f.calRefreshTokenExpiresAt]),
      version: versionOf(row),
      createdAt: date(row[f.createdAt]) ?? new Date(0),
      updatedAt: date(row[f.updatedAt]) ?? new Date(0),
    };
  }

  /** Rows that were there before the migration have none. */
  function versionOf(row: Row): number {
    return Number(row[f.version] ?? 0);
  }

  function data(record: TokenWrite, version: number, updatedAt: Date): Row {
    return {
      [f.calUserId]: record.calUserId,
      [f.calAccessToken]: record.calAccessToken,
      [f.calAccessTokenExpiresAt]: record.calAccessTokenExpiresAt,
      [f.calRefreshToken]: record.calRefreshToken,
      [f.calRefreshTokenExpiresAt]: record.calRefreshTokenExpiresAt,
      [f.version]: version,
      [f.updatedAt]: updatedAt,
    };
  }

  async function insert(record: TokenWrite): Promise<TokenRecord | null> {
    if ((await newest(record.userId)) !== null) return null;
    const now = new Date();
    const row = { [f.userId]: record.userId, [f.createdAt]: now, ...data(record, firstVersion(), now) };
    try {
      return readRecord(record.userId, await model.create({ data: row }));
    } catch (error) {
      // A unique constraint: the one on the user's id says that somebody else was first.
      if (!isUniqueViolation(error)) throw error;
      if ((await newest(record.userId)) !== null) return null;
      throw new CalStoreError(
        "Could not write the user's tokens: a unique constraint of the table, other than the one on the user's id, refuses the row.",
      );
    }
  }

  async function update(record: TokenWrite, ifVersion: number): Promise<TokenRecord | null> {
    const row = await newest(record.userId);
    if (row === null || versionOf(row) !== ifVersion) return null;
    // It stays the newest of the user's rows, even if this process's clock is behind.
    const updatedAt = new Date(Math.max(Date.now(), instant(row[f.updatedAt])));
    const { count } = await model.updateMany({
      where: { [f.id]: row[f.id], [f.version]: row[f.version] },
      data: data(record, ifVersion + 1, updatedAt),
    });
    if (count === 0) return null;
    return readRecord(record.userId, { ...row, ...data(record, ifVersion + 1, updatedAt) });
  }

  return {
    async get(userId) {
      assertStorableUserId(userId);
      const row = await attempt("read the user's tokens", () => newest(userId));
      return row && readRecord(userId, row);
    },

    async set(record, { ifVersion }) {
      assertStorableRecord(record);
      const write = () => (ifVersion === null ? insert(record) : update(record, ifVersion));
      return attempt("write the user's tokens", write, secretsOf(record));
    },

    async delete(userId) {
      assertStorableUserId(userId);
      // All of a user's rows: an older one must not come back to life.
      const remove = () => model.deleteMany({ where: { [f.userId]: userId } });
      return (await attempt("delete the user's tokens", remove)).count > 0;
    },

    async acquireLease(userId, { owner, ttlMs }) {
      assertStorableUserId(userId);
      return attempt("take the user's lease", async () => {
        // The time is read before the row is written, so it can only make a lease seem to last longer.
        const [row, now] = await Promise.all([newest(userId), databaseNow(prisma)]);
        if (row === null) return false;
        const isFree = [
          { [f.leaseOwner]: null },
          { [f.leaseOwner]: owner },
          { [f.leaseEndsAt]: null },
          { [f.leaseEndsAt]: { lte: now } },
        ];
        const { count } = await model.updateMany({
          where: { [f.id]: row[f.id], OR: isFree },
          data: { [f.leaseOwner]: owner, [f.leaseEndsAt]: new Date(now.getTime() + ttlMs) },
        });
        return count > 0;
      });
    },

    async releaseLease(userId, { owner }) {
      assertStorableUserId(userId);
      const where = { [f.userId]: userId, [f.leaseOwner]: owner };
      const free = { [f.leaseOwner]: null, [f.leaseEndsAt]: null };
      await attempt("release the user's lease", () => model.updateMany({ where, data: free }));
    },

    async list({ after, limit }) {
      const rows = await attempt("list the users", () =>
        model.findMany({
          where: { [f.userId]: after === undefined ? { gte: "" } : { gt: after } },
          orderBy: { [f.userId]: "asc" },
          select: { [f.userId]: true },
          take: limit,
        }),
      );
      return [...new Set(rows.map((row) => row[f.userId] as string))];
    },
  };
}

function date(value: unknown): Date | null {
  return value instanceof Date ? new Date(value) : null;
}

/** For comparing: a row that doesn't say when it was written is older than all that do. */
function instant(value: unknown): number {
  return value instanceof Date ? value.getTime() : Number.NEGATIVE_INFINITY;
}
