import fc from "fast-check";
import { expect, test } from "vitest";
import { CalClient, isCalError, memoryTokenStore, type CalUser } from "../../../src/index.js";
import { createCalEmulator } from "../../../src/testing/index.js";
import { faults, startGateway, type GatewayPlan, type PassedRequest } from "./gateway.js";
import { useRealFetch } from "./real-fetch.js";

useRealFetch();

const TIMEOUT_MS = 500;
// Of a call: tokens, three attempts and their pauses, and all of it once more if Cal.com refuses the token.
const LONGEST_CALL_MS = 2 * (TIMEOUT_MS + 3 * TIMEOUT_MS + 300 + 600);
// The machine may have other things to do.
const SLACK_MS = 8_000;

const event = (title: string) => ({
  title,
  start: { time: "2027-01-04T09:00:00Z", timeZone: "UTC" },
  end: { time: "2027-01-04T10:00:00Z", timeZone: "UTC" },
});
const reads: Record<string, (user: CalUser) => Promise<unknown>> = {
  profile: (user) => user.profile(),
  list: (user) => user.calendars.list(),
  check: (user) => user.calendars.check("google"),
};
const writes: Record<string, (user: CalUser, marker: string) => Promise<unknown>> = {
  update: (user, marker) => user.update({ name: marker }),
  event: (user, marker) => user.calendars.connection("8").events.create(event(marker)),
  feed: (user, marker) => user.calendars.saveIcsFeed({ urls: [`https://feed.example/${marker}.ics`] }),
};

interface Step {
  call: string;
  /** Whether the user's access token has just expired. */
  isExpired: boolean;
  /** Whether two processes make the call at once. */
  isTwice: boolean;
}
const step: fc.Arbitrary<Step> = fc.record({
  call: fc.constantFrom(...Object.keys(reads), ...Object.keys(writes)),
  isExpired: fc.boolean(),
  isTwice: fc.boolean(),
});
const some = fc.array(fc.constantFrom(...faults), { maxLength: 6 });
/** What a user does, and what happens on the way. */
const story = fc.record({
  steps: fc.array(step, { minLength: 2, maxLength: 4 }),
  plan: fc.record({ tokens: some, calls: some }),
});
interface Story {
  steps: Step[];
  plan: GatewayPlan;
}

const isRefresh = ({ target }: PassedRequest) => /\/refresh$/.test(target);
const isForced = ({ target }: PassedRequest) => /\/force-refresh$/.test(target);
const isLost = ({ fault }: PassedRequest) => fault.startsWith("lost");

/** Lives one story through, on a connection of its own. Throws where something is not as it should be. */
async function live({ steps, plan }: Story): Promise<PassedRequest[]> {
  const emulator = createCalEmulator();
  const made = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
  emulator.calendars.connect(made.id, "google", "alice");
  const gateway = await startGateway(emulator, plan);
  const tokenStore = memoryTokenStore();
  const record = {
    userId: "ada",
    calUserId: made.id,
    calServer: "",
    details: null,
    calAccessToken: made.accessToken,
    calAccessTokenExpiresAt: new Date(made.accessTokenExpiresAt),
    calRefreshToken: made.refreshToken,
    calRefreshTokenExpiresAt: null,
  };
  await tokenStore.set(record, { ifVersion: null });
  let lastAttempt = 0;
  let underWay = 0;
  const processes = [1, 2].map(() =>
    new CalClient({
      managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
      baseUrl: gateway.url,
      tokenStore,
      timeoutMs: TIMEOUT_MS,
      hooks: {
        onRequest: ({ attempt }) => {
          lastAttempt = attempt;
          underWay += 1;
        },
        onResponse: () => void (underWay -= 1),
      },
    }).forUser("ada"),
  );
  const markers: string[] = [];

  async function makeCall(user: CalUser, { call, isExpired, isTwice }: Step): Promise<void> {
    const marker = `m-${markers.length}-m`;
    markers.push(marker);
    const startedAt = performance.now();
    try {
      await (reads[call]?.(user) ?? writes[call]?.(user, marker));
    } catch (error) {
      if (!isCalError(error)) throw error;
      const isAlone =
        !isTwice && !isExpired && call in reads && gateway.passed.every((seen) => !isRefresh(seen));
      // Nothing that another try could have mended.
      if (isAlone)
        expect([error.code, lastAttempt]).toEqual([
          error.code,
          error.code === "invalid_response" ? lastAttempt : 3,
        ]);
    }
    expect(performance.now() - startedAt).toBeLessThan(LONGEST_CALL_MS + SLACK_MS);
  }

  for (const next of steps) {
    if (next.isExpired) {
      emulator.users.expireAccessTokens(made.id);
      const found = (await tokenStore.get("ada"))!;
      await tokenStore.set({ ...found, calAccessTokenExpiresAt: new Date(0) }, { ifVersion: found.version });
    }
    await Promise.all(processes.slice(next.isTwice ? 0 : 1).map((user) => makeCall(user, next)));
  }

  // The network is well again. What was lost before may be heard of a moment later; after that, every call is fine.
  await gateway.calm();
  while (underWay > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  // A connection that was reset just now: the client learns of it when the event loop has turned.
  await new Promise((resolve) => setTimeout(resolve, 200));
  for (const user of processes)
    expect(await user.profile({ timeoutMs: 20_000 })).toMatchObject({ id: made.id });
  await gateway.close();

  const { accessTokens, refreshTokens } = emulator.users.tokens(made.id);
  const kept = (await tokenStore.get("ada"))!;
  expect(accessTokens).toContain(kept.calAccessToken);
  expect(refreshTokens).toContain(kept.calRefreshToken);
  // A recovery ends every older token, so none that isn't needed: at most one for each pair that got lost.
  const issued = gateway.passed.filter((seen) => seen.status === 200 && (isRefresh(seen) || isForced(seen)));
  expect(issued.filter(isForced).length).toBeLessThanOrEqual(issued.filter(isLost).length);
  for (const marker of markers) {
    const sent = gateway.passed.filter(({ body }) => body.includes(marker));
    // Those that Cal.com refused for their token were not carried out, and may be sent again.
    expect(sent.filter(({ status }) => status !== 401 && status !== 498).length).toBeLessThanOrEqual(1);
  }
  return gateway.passed;
}

// They are lived side by side: most of their time is spent in waiting.
const stories = fc.array(story, { minLength: 40, maxLength: 40 });

async function check(seed: number): Promise<string> {
  let told = "";
  const property = fc.asyncProperty(stories, async (all) => {
    const passed = await Promise.all(
      all.map((one) =>
        live(one).catch((cause: unknown) => {
          throw new Error(`This story ends badly: ${JSON.stringify(one)}`, { cause });
        }),
      ),
    );
    const count = (which: (seen: PassedRequest) => boolean) => passed.flat().filter(which).length;
    told =
      `seed ${seed}: ${count(() => true)} requests, ${count(({ fault }) => fault !== "none")} with a fault; ` +
      `${count(isRefresh)} refreshes, ${count((seen) => isRefresh(seen) && isLost(seen))} of them lost, ` +
      `${count(isForced)} recoveries`;
  });
  await fc.assert(property, { seed, numRuns: 1, endOnFailure: true });
  return told;
}

test.for([1, 2, Date.now()])(
  "whatever goes wrong: calls end, nothing is done twice, no token is lost (seed %i)",
  { timeout: 60_000 },
  async (seed, { annotate }) => {
    await annotate(await check(seed));
  },
);
