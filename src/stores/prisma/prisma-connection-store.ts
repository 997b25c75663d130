import { assertStorableState, assertStorableUserId, assertVersion, firstVersion } from "../assert-record.js";
import type { ConnectionState, ConnectionStateWrite, ConnectionStore } from "../connection-store.js";
import { isUniqueViolation, withPrismaErrors } from "./errors.js";
import { assertWhole, databaseNow, modelOf, primaryOf, selectAll, type Row } from "./model.js";

/** Options of {@link prismaConnectionStore}. */
export interface PrismaConnectionStoreOptions<Client extends object = object> {
  /** The application's own client, of Prisma 7, or of Prisma 6 with a driver adapter. Not the client of an interactive transaction. */
  prisma: Client;
  /**
   * The model of connections, as the client calls it.
   * @defaultValue `calendarConnectionState`
   */
  model?: Extract<keyof Client, string> | undefined;
}

const fields = ["userId", "details", "dueAt", "claimedUntil", "version"] as const;

/** Users that are read besides those that are wanted, as other processes may claim some of them meanwhile. */
const SPARE = 20;
/** How often it is tried again when other processes have claimed all of them. */
const MAX_ROUNDS = 10;

/**
 * Remembers users' connections in a model of the application's own Prisma client (`calbridge schema --prisma
 * --connections` prints it), for any number of processes. Writes are conditional updates; no transaction is opened.
 * Users are due by the database's clock. Works over Postgres.
 *
 * @throws `CalValidationError` for a client without the model or over another database, and for what a database can't store.
 * @throws `CalStoreError` if Prisma or the database fails.
 *
 * @example
 * ```ts
 * import { prismaConnectionStore } from "calbridge/prisma";
 *
 * const connectionStore = prismaConnectionStore({ prisma: new PrismaClient({ adapter }) });
 * ```
 */
// eslint-disable-next-line max-lines-per-function -- one closure is one store, and its methods share the model
export function prismaConnectionStore<Client extends object>(
  options: PrismaConnectionStoreOptions<Client>,
): ConnectionStore {
  const prisma = primaryOf(options.prisma);
  const name: string = options.model ?? "calendarConnectionState";
  const model = modelOf(prisma, name, { option: "model", fields });
  const select = selectAll(fields);

  async function find(where: object, take: number): Promise<ConnectionState[]> {
    const rows = await model.findMany({ where, orderBy: { dueAt: "asc" }, select, take });
    return rows.map(toState);
  }

  async function create(state: ConnectionStateWrite): Promise<ConnectionState | null> {
    try {
      return toState(await model.create({ data: { ...state, version: firstVersion() }, select }));
    } catch (error) {
      // Another process was first.
      if (isUniqueViolation(error)) return null;
      throw error;
    }
  }

  /** Writes if the stored version is the given one. */
  async function update(
    { userId, details, dueAt }: ConnectionStateWrite,
    version: number,
    claimedUntil: Date | null,
  ): Promise<ConnectionState | null> {
    const { count } = await model.updateMany({
      where: { userId, version },
      data: { details, dueAt, claimedUntil, version: { increment: 1 } },
    });
    return count === 0 ? null : { userId, details, dueAt: new Date(dueAt), version: version + 1 };
  }

  async function claim(limit: number, leaseMs: number): Promise<ConnectionState[]> {
    const claimed: ConnectionState[] = [];
    for (let round = 0; round < MAX_ROUNDS && claimed.length === 0; round += 1) {
      const now = await databaseNow(prisma);
      const isFree = { OR: [{ claimedUntil: null }, { claimedUntil: { lte: now } }] };
      const due = await find({ dueAt: { lte: now }, ...isFree }, limit + SPARE);
      if (due.length === 0) break;
      const until = new Date(now.getTime() + leaseMs);
      for (const state of due) {
        if (claimed.length === limit) break;
        const mine = await update({ ...state, dueAt: until }, state.version, until);
        if (mine) claimed.push(mine);
      }
    }
    return claimed;
  }

  return {
    async get(userId) {
      assertStorableUserId(userId);
      const [state] = await withPrismaErrors("read the user's connections", () => find({ userId }, 1));
      return state ?? null;
    },

    async set(state, { ifVersion }) {
      assertStorableState(state);
      if (ifVersion !== null) assertVersion(ifVersion);
      const { userId, details, dueAt } = state;
      return withPrismaErrors("write the user's connections", () =>
        ifVersion === null ? create({ userId, details, dueAt }) : update(state, ifVersion, null),
      );
    },

    async claimDue({ limit, leaseMs }) {
      return withPrismaErrors("claim users who are due", () => claim(limit, leaseMs));
    },

    async makeDue(userId) {
      assertStorableUserId(userId);
      await withPrismaErrors("make the user due", async () => {
        const dueAt = await databaseNow(prisma);
        const { count } = await model.updateMany({
          where: { userId, dueAt: { gt: dueAt } },
          data: { dueAt, version: { increment: 1 } },
        });
        if (count > 0 || (await find({ userId }, 1)).length > 0) return;
        await create({ userId, details: null, dueAt });
      });
    },

    async delete(userId) {
      assertStorableUserId(userId);
      await withPrismaErrors("delete the user's connections", () => model.deleteMany({ where: { userId } }));
    },
  };
}

function toState(row: Row): ConnectionState {
  const { userId, details, dueAt, version } = assertWhole(row, fields) as unknown as ConnectionState;
  return { userId, details, dueAt, version };
}
