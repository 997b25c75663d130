import { afterEach, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { detailsOf, toDetailsText } from "../../../src/tokens/details.js";
import { appProcesses, type AppProcess } from "../../support/app-processes.js";
import { createOAuth2Emulator } from "../../support/oauth2-emulator.js";
import { killsFromEnv, oauthPoints, type Point } from "../../support/points.js";
import { createDatabase } from "../../support/postgres.js";

const MINUTE_MS = 60_000;
const { kills: KILLS, timeoutMs: TIMEOUT_MS } = killsFromEnv(64);
/** Cal.com has refreshed for certain, and the new pair is not in the database. */
const LOSES_THE_PAIR: readonly Point[] = ["response received", "before the write"];
/** Cal.com may have refreshed, and the new pair may not be in the database. */
const MAY_LOSE_THE_PAIR: readonly Point[] = ["request sent", ...LOSES_THE_PAIR, "write sent"];

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A server, a database with linked users whose access tokens have expired, and what starts processes. */
async function createWorld(mode: "strict" | "lenient", users: number) {
  const database = await createDatabase();
  cleanUps.push(() => database.drop());
  await createSchema(database.pool);
  const store = postgresTokenStore({ client: database.pool });
  const { emulator } = createOAuth2Emulator(mode, { now: Date.now, latencyMs: 10 });
  const server = await emulator.listen();
  cleanUps.push(() => server.close());
  const start = await appProcesses({
    databaseUrl: database.url,
    // One connection: a refresh that held it would block all other users of the process.
    connections: 1,
    calUrl: server.url,
    clientId: "app",
    clientSecret: "app-secret",
    authorizeUrl: emulator.oauth2.authorizeUrl,
    // Time for a busy machine.
    timeoutMs: 240_000,
  });
  const started = (config: { connections?: number } = {}): AppProcess => {
    const process = start(config);
    cleanUps.push(() => process.end());
    return process;
  };
  const calUserIds = new Map<string, number>();
  for (let n = 0; n < users; n += 1) {
    const userId = `user-${n}`;
    const person = emulator.people.create({ email: `${userId}@cal.example`, name: userId });
    const { accessToken, refreshToken } = await emulator.oauth2.issueTokens({
      clientId: "app",
      userId: person.id,
    });
    emulator.oauth2.expireAccessTokens(person.id);
    calUserIds.set(userId, person.id);
    const record = {
      userId,
      calUserId: person.id,
      calServer: "",
      calAccessToken: accessToken,
      calAccessTokenExpiresAt: new Date(Date.now() - 1000),
      calRefreshToken: refreshToken,
      calRefreshTokenExpiresAt: null,
      details: toDetailsText({ grant: "oauth", rotation: 1, clientId: "app" }),
    };
    await store.set(record, { ifVersion: null });
  }
  const refreshes = (userId: string): number =>
    emulator.requests.filter(
      ({ grantType, status, userId: id }) =>
        grantType === "refresh_token" && status === 200 && id === calUserIds.get(userId),
    ).length;
  return { emulator, store, start: started, userIds: [...calUserIds.keys()], calUserIds, refreshes };
}

test("strict: 8 processes, 50 users, 2000 calls, every token expired: one refresh each, and every call succeeds", async () => {
  const { start, userIds, refreshes } = await createWorld("strict", 50);
  const processes = Array.from({ length: 8 }, () => start());
  await Promise.all(processes.map((process) => process.ready()));
  const calls = Array.from({ length: 5 }, () => userIds).flat();
  const outcomes = (await Promise.all(processes.map((process) => process.call(...calls)))).flat();
  expect(outcomes).toHaveLength(2000);
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(userIds.map(refreshes)).toEqual(userIds.map(() => 1));
}, 300_000);

test.for(["strict", "lenient"] as const)(
  `%s: ${KILLS} processes are killed in a refresh: only users whose process died between the request and the write have to link again`,
  { timeout: TIMEOUT_MS },
  async (mode, { annotate }) => {
    const { emulator, store, start, userIds, calUserIds, refreshes } = await createWorld(mode, KILLS);
    const pointOf = new Map<string, Point>();
    let next = 0;
    const strike = async (): Promise<void> => {
      for (let n = next++; n < userIds.length; n = next++) {
        const userId = userIds[n]!;
        const point = oauthPoints[n % oauthPoints.length]!;
        const victim = start();
        await victim.ready();
        await victim.stopAt(point);
        const called = victim.call(userId).catch(() => "killed");
        const outcome = (await Promise.race([victim.ended, called])) ?? "killed";
        expect({ point, outcome }).toEqual({ point, outcome: "killed" });
        pointOf.set(userId, point);
      }
    };
    await Promise.all(Array.from({ length: 4 }, strike));

    // Who lost the pair: Cal.com has refreshed, and the row says that a refresh was sent.
    const lost: string[] = [];
    for (const userId of userIds) {
      const record = (await store.get(userId))!;
      const { refreshTokens } = emulator.oauth2.tokens(calUserIds.get(userId)!);
      if (refreshTokens.includes(record.calRefreshToken!)) continue;
      expect({ userId, refreshes: refreshes(userId) }).toEqual({ userId, refreshes: 1 });
      expect(detailsOf(record)).toHaveProperty("refreshSentAt");
      expect(MAY_LOSE_THE_PAIR).toContain(pointOf.get(userId));
      lost.push(userId);
    }
    const survivors = Array.from({ length: 3 }, () => start({ connections: 10 }));
    // The minute in which a request may still be running.
    emulator.clock.advance(MINUTE_MS + 1000);
    await Promise.all(survivors.map((process) => process.advance(MINUTE_MS + 1000)));
    for (const process of survivors) {
      // A few at a time: on a busy machine, 200 requests at once would reach their time limits.
      const outcomes: Awaited<ReturnType<typeof process.call>> = [];
      for (let first = 0; first < userIds.length; first += 20)
        outcomes.push(...(await process.call(...userIds.slice(first, first + 20))));
      const failed = userIds.filter((_, n) => outcomes[n]!.error !== undefined);
      expect(failed, JSON.stringify(outcomes.filter(({ error }) => error).slice(0, 3))).toEqual(lost);
      const codes = new Set(outcomes.flatMap(({ error }) => error ?? []));
      // Many refused at once are doubted, and not all are marked.
      for (const code of codes) expect(["reauthorization_required", "refresh_pending"]).toContain(code);
    }
    const losses = oauthPoints.map((point) => {
      const killed = userIds.filter((userId) => pointOf.get(userId) === point);
      const lostHere = killed.filter((userId) => lost.includes(userId));
      return { point, killed: killed.length, lost: lostHere.length };
    });
    for (const { point, killed, lost: count } of losses) {
      if (mode === "lenient") expect({ point, count }).toEqual({ point, count: 0 });
      else if (LOSES_THE_PAIR.includes(point)) expect({ point, count }).toEqual({ point, count: killed });
    }
    const counts = losses.map(({ point, killed, lost: count }) => `${point}: ${count} of ${killed}`);
    await annotate(`${mode}: users who have to link again, by the point of the kill: ${counts.join(", ")}`);
  },
);
