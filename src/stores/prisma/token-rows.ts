import type { TokenRecord, TokenWrite } from "../../tokens/token-store.js";
import { columnKeys, type TokenColumns } from "../columns.js";
import { aliasError, spellingError } from "../refused-write.js";
import { assertWhole, selectAll, type PrismaModel, type Row } from "./model.js";
import { userKeyOf } from "./user-key.js";

/** The rows of the token model: reads and writes of one statement each. */
export interface TokenRows {
  /** The user's row; the newest first, if there are several because the unique index is missing. */
  allOf(userId: string): Promise<Row[]>;
  /**
   * Whether the user has a row.
   *
   * @throws {@link CalStoreError} if the database takes another id for this one.
   */
  ownOf(userId: string): Promise<boolean>;
  /** Whether no value of the field is written as this id. */
  isUnstorable(userId: string): boolean;
  /** Whose rows have the Cal.com user; `null` for a row without a user. */
  withCalUser(account: Pick<TokenWrite, "calServer" | "calUserId">): Promise<(string | null)[]>;
  create(record: TokenWrite, at: { version: number; now: Date }): Promise<Row>;
  /** Writes over a row if it still has the version that was read. */
  update(row: Row, record: TokenWrite, now: Date): Promise<TokenRecord | null>;
  /** Whether the row, if it still exists, has this user id in this spelling. */
  isStoredAs(row: Row, userId: string): Promise<boolean>;
  /** Writes what was read over the update that followed; the version goes on, since none is used twice. */
  restore(row: Row): Promise<void>;
  remove(row: Row): Promise<void>;
  removeAllOf(userId: string): Promise<boolean>;
  userIds(after: string | undefined, limit: number): Promise<string[]>;
  userIdOf(row: Row): string | null;
  versionOf(row: Row): number;
  updatedAtOf(row: Row): number;
  hasCalUser(row: Row, record: TokenWrite): boolean;
  toRecord(row: Row): TokenRecord;
}

/** Reads and writes a model whose fields have these names. */
// eslint-disable-next-line max-lines-per-function -- one closure over the names of the fields, which all its methods need
export function tokenRows(model: PrismaModel, f: TokenColumns): TokenRows {
  const fields = columnKeys.map((key) => f[key]);
  const select = selectAll(fields);
  const userKey = userKeyOf(model, f.userId);

  const userIdOf = (row: Row) => userKey.fromField(row[f.userId]);
  // Rows of before the migration may have none.
  const versionOf = (row: Row) => Number(row[f.version] ?? 0);
  const updatedAtOf = (row: Row) => instantOf(row[f.updatedAt]);

  /** The user's rows, the newest first, and whether the database takes rows of others for them. */
  async function find(userId: string): Promise<{ rows: Row[]; hasAlias: boolean }> {
    const key = userKey.toField(userId);
    if (key === undefined) return { rows: [], hasAlias: false };
    const found = await model.findMany({ where: { [f.userId]: key }, select });
    const rows = found.filter((row) => userIdOf(assertWhole(row, fields)) === userId).sort(newestFirst);
    return { rows, hasAlias: rows.length < found.length };
  }

  function newestFirst(a: Row, b: Row): number {
    const difference = updatedAtOf(b) - updatedAtOf(a);
    // Both may be minus infinity.
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
    return (b[f.id] as number) > (a[f.id] as number) ? 1 : -1;
  }

  function dataOf(record: TokenWrite, version: number, updatedAt: Date): Row {
    return {
      [f.calUserId]: record.calUserId,
      [f.calServer]: record.calServer,
      [f.calAccessToken]: record.calAccessToken,
      [f.calAccessTokenExpiresAt]: record.calAccessTokenExpiresAt,
      [f.calRefreshToken]: record.calRefreshToken,
      [f.calRefreshTokenExpiresAt]: record.calRefreshTokenExpiresAt,
      [f.details]: record.details,
      [f.version]: version,
      [f.updatedAt]: updatedAt,
    };
  }

  function toRecord(row: Row): TokenRecord {
    return {
      userId: userIdOf(row) ?? "",
      calUserId: Number(row[f.calUserId]),
      calServer: row[f.calServer] as string,
      calAccessToken: row[f.calAccessToken] as string,
      calAccessTokenExpiresAt: dateOf(row[f.calAccessTokenExpiresAt]),
      calRefreshToken: row[f.calRefreshToken] as string | null,
      calRefreshTokenExpiresAt: dateOf(row[f.calRefreshTokenExpiresAt]),
      details: row[f.details] as string | null,
      version: versionOf(row),
      // The two are nullable in tables that applications already have.
      createdAt: dateOf(row[f.createdAt]) ?? new Date(0),
      updatedAt: dateOf(row[f.updatedAt]) ?? new Date(0),
    };
  }

  return {
    userIdOf,
    versionOf,
    updatedAtOf,
    toRecord,

    isUnstorable: (userId) => userKey.toField(userId) === undefined,

    allOf: async (userId) => (await find(userId)).rows,

    async ownOf(userId) {
      const { rows, hasAlias } = await find(userId);
      if (rows.length === 0 && hasAlias) throw aliasError();
      return rows.length > 0;
    },

    async withCalUser({ calServer, calUserId }) {
      const where = { [f.calServer]: calServer, [f.calUserId]: calUserId };
      return (await model.findMany({ where, select })).map((row) => userIdOf(assertWhole(row, fields)));
    },

    async create(record, { version, now }) {
      const key = userKey.toField(record.userId);
      if (key === undefined) throw spellingError();
      const data = { [f.userId]: key, [f.createdAt]: now, ...dataOf(record, version, now) };
      return assertWhole(await model.create({ data, select }), fields);
    },

    async update(row, record, updatedAt) {
      const data = {
        [f.userId]: userKey.toField(record.userId),
        ...dataOf(record, versionOf(row) + 1, updatedAt),
      };
      const { count } = await model.updateMany({
        where: { [f.id]: row[f.id], [f.version]: row[f.version] },
        data,
      });
      return count === 0 ? null : toRecord({ ...row, ...data });
    },

    async isStoredAs(row, userId) {
      const [stored] = await model.findMany({ where: { [f.id]: row[f.id] }, select });
      return stored === undefined || userIdOf(assertWhole(stored, fields)) === userId;
    },

    async restore(row) {
      const { [f.id]: id, ...rest } = row;
      const version = versionOf(row);
      await model.updateMany({
        where: { [f.id]: id, [f.version]: version + 1 },
        data: { ...rest, [f.version]: version + 2 },
      });
    },

    async remove(row) {
      await model.deleteMany({ where: { [f.id]: row[f.id] } });
    },

    // All of a user's rows: an older one must not be taken for the user's record afterwards.
    async removeAllOf(userId) {
      const { rows } = await find(userId);
      if (rows.length === 0) return false;
      const { count } = await model.deleteMany({ where: { [f.id]: { in: rows.map((row) => row[f.id]) } } });
      return count > 0;
    },

    async userIds(after, limit) {
      const key = after === undefined ? undefined : userKey.toField(after);
      const rows = await model.findMany({
        ...(key !== undefined && { where: { [f.userId]: { gt: key } } }),
        // Rows without a user come last.
        orderBy: { [f.userId]: "asc" },
        select: { [f.userId]: true },
        take: limit,
      });
      return [...new Set(rows.map(userIdOf).filter((userId) => userId !== null))];
    },

    hasCalUser: (row, { calServer, calUserId }) =>
      row[f.calServer] === calServer && Number(row[f.calUserId]) === calUserId,
  };
}

function dateOf(value: unknown): Date | null {
  return value instanceof Date ? new Date(value) : null;
}

/** For comparing: a row that doesn't say when it was written is older than all that do. */
function instantOf(value: unknown): number {
  return value instanceof Date ? value.getTime() : Number.NEGATIVE_INFINITY;
}
