import { calUserIdOf } from "./cal-user-id.js";
import { PGlite } from "@electric-sql/pglite";
import postgres from "postgres";
import { encryptedTokenStore } from "../../src/tokens/encryption/encrypted-token-store.js";
import type { TokenStore, TokenWrite } from "../../src/tokens/token-store.js";
import { testKeys } from "./keys.js";
import { requestService } from "./postgres.js";
import { loadOtherPrisma, loadPrisma, type TestPrisma } from "./prisma.js";

export { testKeys } from "./keys.js";
export type { TestPrisma } from "./prisma.js";

/**
 * The tests' Prisma client over a database; generated on the first call.
 *
 * @param options - Of the client, such as `omit`.
 */
export async function createPrisma(url: string, options?: object, variant?: "schemas"): Promise<TestPrisma> {
  await requestService(variant === undefined ? "prisma" : `prisma/${variant}`);
  return loadPrisma(url, options, variant);
}

/** The tests' Prisma client for a database that the stores don't work with. */
export async function createOtherPrisma(provider: "mysql" | "sqlite"): Promise<TestPrisma> {
  await requestService(`prisma/${provider}`);
  return loadOtherPrisma(provider);
}

/** postgres.js over a database. */
export function createPostgresJs(
  url: string,
  options: postgres.Options<Record<string, postgres.PostgresType>> = {},
): postgres.Sql {
  return postgres(url, { onnotice: () => undefined, ...options });
}

/** Postgres in this process, without a server. */
export function createPglite(): Promise<PGlite> {
  return PGlite.create();
}

/** A store, plain and encrypted. */
export function plainAndEncrypted(store: TokenStore): [name: string, store: TokenStore][] {
  return [
    ["plain", store],
    ["encrypted", encryptedTokenStore(store, { keys: testKeys })],
  ];
}

/** A user's tokens. */
export function tokens(userId: string, change: Partial<TokenWrite> = {}): TokenWrite {
  return {
    userId,
    calUserId: calUserIdOf(userId),
    calServer: "",
    details: null,
    calAccessToken: `access-of-${userId}`,
    calAccessTokenExpiresAt: new Date("2030-01-02T03:04:05.678Z"),
    calRefreshToken: `refresh-of-${userId}`,
    calRefreshTokenExpiresAt: new Date("2031-01-02T03:04:05.678Z"),
    ...change,
  };
}
