import { createCalEmulator, type CalEmulator, type CalEmulatorOptions } from "../../src/testing/index.js";
import type { TokenStore } from "../../src/tokens/token-store.js";
import type { TestDatabase } from "./postgres.js";

/** An emulated Cal.com on a port, with its users in a token table. */
export interface CalServer {
  emulator: CalEmulator;
  url: string;
  close(): Promise<void>;
  /** Creates managed users whose access tokens have expired, and their records. Returns the users' ids. */
  addUsers(count: number, name?: string): Promise<string[]>;
  /** Lets the user's access token expire, at Cal.com and in the record. */
  expire(userId: string): Promise<void>;
  calUserIdOf(userId: string): number;
  refreshes(userId?: string): number;
  forceRefreshes(userId?: string): number;
  /** Users whose stored tokens are not both valid at Cal.com. */
  usersWithInvalidTokens(): Promise<string[]>;
}

/** Starts an emulated Cal.com for an application that stores its tokens in a database. */
export async function startCal(
  database: Pick<TestDatabase, "pool">,
  store: TokenStore,
  options: CalEmulatorOptions = {},
): Promise<CalServer> {
  const emulator = createCalEmulator(options);
  const { url, close } = await emulator.listen();
  const calUserIds = new Map<string, number>();

  const calUserIdOf = (userId: string) => calUserIds.get(userId) ?? Number.NaN;
  const count = (path: RegExp, userId?: string) => {
    const requests = emulator.requests.filter((request) => path.test(request.path) && request.status === 200);
    if (userId === undefined) return requests.length;
    return requests.filter((request) => request.userId === calUserIdOf(userId)).length;
  };

  async function expire(userId: string): Promise<void> {
    emulator.users.expireAccessTokens(calUserIdOf(userId));
    await database.pool.query(
      `UPDATE "CalendarIntegration" SET "calAccessTokenExpiresAt" = now() - interval '1 minute' WHERE "userUlid" = $1`,
      [userId],
    );
  }

  return {
    emulator,
    url,
    close,
    calUserIdOf,
    expire,
    refreshes: (userId) => count(/^\/oauth\/[^/]+\/refresh$/, userId),
    forceRefreshes: (userId) => count(/\/force-refresh$/, userId),

    async addUsers(howMany, name = "user") {
      const userIds = Array.from({ length: howMany }, (_, n) => `${name}-${n}`);
      for (const userId of userIds) {
        const user = await emulator.users.create({ email: `${userId}@example.com`, name: userId });
        calUserIds.set(userId, user.id);
        emulator.calendars.connect(user.id, "google", "alice");
        const record = {
          userId,
          calUserId: user.id,
          calServer: "",
          details: null,
          calAccessToken: user.accessToken,
          calAccessTokenExpiresAt: new Date(user.accessTokenExpiresAt),
          calRefreshToken: user.refreshToken,
          calRefreshTokenExpiresAt: new Date(user.refreshTokenExpiresAt),
        };
        await store.set(record, { ifVersion: null });
        await expire(userId);
      }
      return userIds;
    },

    async usersWithInvalidTokens() {
      const invalid: string[] = [];
      for (const [userId, id] of calUserIds) {
        const record = await store.get(userId);
        const { accessTokens, refreshTokens } = emulator.users.tokens(id);
        const isValid =
          record !== null &&
          accessTokens.includes(record.calAccessToken) &&
          refreshTokens.includes(record.calRefreshToken ?? "");
        if (!isValid) invalid.push(userId);
      }
      return invalid;
    },
  };
}
