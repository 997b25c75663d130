import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { memoryTokenStore } from "../../../src/stores/memory.js";
import { CheckedStore } from "../../../src/tokens/checked-store.js";
import type { ApiCall, Send } from "../../../src/api/request.js";
import { detailsOf } from "../../../src/tokens/details.js";
import { TokenCache } from "../../../src/tokens/token-cache.js";
import { SingleUseRefresh } from "../../../src/tokens/single-use-refresh.js";
import { TokenManager } from "../../../src/tokens/token-manager.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import type { UserContext } from "../../../src/users/context.js";
import { linkAccount } from "../../../src/users/link-account.js";
import { CAL_USER_ID, FakeStrictServer, type RefreshFate } from "../../support/fake-strict-server.js";

const ada = "ada";
const MINUTE_MS = 60_000;
// More before a release: CALBRIDGE_STORIES=2000.
const STORIES = Number(process.env["CALBRIDGE_STORIES"] ?? 300);
const client = {
  clientId: "app",
  clientSecret: undefined,
  redirectUri: undefined,
  scopes: [],
  authorizeUrl: "https://cal.example/authorize",
};

vi.setConfig({ testTimeout: 60_000 + STORIES * 100 });
beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

/** Deals out arbitrary values in turn, over and over. */
function deal<T>(values: readonly T[]): () => T {
  let next = 0;
  return () => values[next++ % values.length]!;
}

/** A process of the application: its requests, responses and statements wait while it is frozen. */
class Process {
  readonly tokens: TokenManager;
  readonly #store: CheckedStore;
  readonly #context: UserContext;
  readonly #sendToken: Send;
  #frozen: Promise<void> = Promise.resolve();
  told = 0;

  constructor(
    readonly server: FakeStrictServer,
    inner: TokenStore,
    delayMs: () => number,
    refreshAheadMs: number,
  ) {
    const gated = async <T>(work: () => Promise<T>): Promise<T> => {
      await this.#frozen;
      await new Promise((resolve) => setTimeout(resolve, delayMs()));
      const result = await work();
      await this.#frozen;
      return result;
    };
    this.#store = new CheckedStore({
      get: (userId) => gated(() => inner.get(userId)),
      set: (record, options) => gated(() => inner.set(record, options)),
      delete: (userId) => gated(() => inner.delete(userId)),
      acquireLease: (userId, options) => gated(() => inner.acquireLease!(userId, options)),
      releaseLease: (userId, options) => gated(() => inner.releaseLease!(userId, options)),
    });
    const grant = server.grantFor(() => this.#frozen);
    this.tokens = new TokenManager({
      isRateLimitLow: () => false,
      store: this.#store,
      grantOf: () => grant,
      loadSingleUse: () => Promise.resolve(SingleUseRefresh),
      refreshAheadMs,
      onReauthorizationRequired: () => void (this.told += 1),
      cache: new TokenCache(10),
      refreshWindowMs: MINUTE_MS,
      now: Date.now,
      report: () => Promise.resolve(),
      waitUntil: () => undefined,
      warn: () => undefined,
    });
    const respond = <T>({ read }: ApiCall<T>, body: unknown): T =>
      read({ status: 200, headers: new Headers(), body });
    const profile = { status: "success", data: { id: CAL_USER_ID, email: "ada@cal.example" } };
    const send: Send = (call) => gated(() => Promise.resolve(respond(call, profile)));
    this.#context = {
      store: this.#store,
      tokens: this.tokens,
      transport: { send },
      options: { warn: () => undefined, now: Date.now },
    } as unknown as UserContext;
    this.#sendToken = async (call) => {
      const { accessToken, refreshToken } = await server.exchange(() => this.#frozen);
      return respond(call, { access_token: accessToken, refresh_token: refreshToken });
    };
  }

  freeze(ms: number): void {
    this.#frozen = new Promise((resolve) => setTimeout(resolve, ms));
  }

  call(): Promise<unknown> {
    return this.tokens.usable(ada, { timeoutMs: 120_000 });
  }

  /** What `cal.oauth.link()` runs. */
  link(): Promise<void> {
    const link = { context: this.#context, client, sendToken: this.#sendToken };
    const grant = { code: "code", codeVerifier: undefined, redirectUri: "https://app.example/callback" };
    return this.tokens.withLease(ada, (lease) => linkAccount(link, ada, grant, {}, lease));
  }

  /** A link in which the process stands still for a while. */
  stalledLink(ms: number): Promise<void> {
    const linking = this.link();
    setTimeout(() => this.freeze(ms), ms % 7_000);
    return linking;
  }

  unlink(): Promise<void> {
    return this.tokens.withLease(ada, async () => {
      await this.#store.delete(ada);
      this.tokens.forget(ada);
    });
  }

  /** As `reencryptTokens()` does: the row changes, and the tokens don't. */
  async reencrypt(): Promise<void> {
    const record = await this.#store.get(ada);
    if (record) await this.#store.set(record, { ifVersion: record.version });
  }
}

interface Step {
  afterMs: number;
  process: number;
  action: "call" | "freeze" | "link" | "stalledLink" | "unlink" | "reencrypt";
  ms: number;
}

const step = (actions: Record<string, number>) =>
  fc.record<Step>({
    afterMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 40 * MINUTE_MS })),
    process: fc.integer({ min: 0, max: 1 }),
    action: fc.oneof(
      ...Object.entries(actions).map(([action, weight]) => ({
        weight,
        arbitrary: fc.constant(action as Step["action"]),
      })),
    ),
    ms: fc.integer({ min: 1, max: 100_000 }),
  });
const delays = (max: number) => fc.array(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 9 });
const fates = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<RefreshFate>("fine") },
    {
      weight: 2,
      arbitrary: fc.constantFrom<RefreshFate>(
        "not sent",
        "reset",
        "lost",
        "late",
        "doubled",
        "refused by mistake",
      ),
    },
  ),
  { minLength: 1, maxLength: 11 },
);

interface Story {
  steps: Step[];
  fates: RefreshFate[];
  storeDelays: number[];
  serverDelays: number[];
  refreshAheadMs: number;
}

const story = (actions: Record<string, number>) =>
  fc.record<Story>({
    steps: fc.array(step(actions), { minLength: 1, maxLength: 25 }),
    fates,
    // Of a store that takes longer, a process cannot know that its lease still holds: it does not refresh.
    storeDelays: delays(1_500),
    serverDelays: delays(3_000),
    refreshAheadMs: fc.constantFrom(0, 10 * MINUTE_MS),
  });

/** Plays a story; then faults end, and calls go on for two days, in which every mark is tried again. */
async function play({ steps, fates, storeDelays, serverDelays, refreshAheadMs }: Story) {
  const server = new FakeStrictServer();
  server.fate = deal(fates);
  server.delayMs = deal(serverDelays);
  const store = memoryTokenStore();
  const delayMs = deal(storeDelays);
  const processes = [0, 1].map(() => new Process(server, store, delayMs, refreshAheadMs));
  const unlinked: boolean[] = [];
  const ignore = (): void => undefined;
  const linking = processes[0]!.link();
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  await linking;
  for (const { afterMs, process, action, ms } of steps) {
    await vi.advanceTimersByTimeAsync(afterMs);
    const actor = processes[process]!;
    if (action === "freeze") actor.freeze(ms);
    else actor[action](ms).then(() => void unlinked.push(action === "unlink"), ignore);
  }
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  server.fate = () => "fine";
  for (const hours of [0.1, 0.2, 0.6, 1.5, 25, 25]) {
    await vi.advanceTimersByTimeAsync(hours * 60 * MINUTE_MS);
    for (const process of processes) {
      process.call().then(ignore, ignore);
      await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    }
  }
  const record = await store.get(ada);
  return {
    server,
    processes,
    record,
    wasUnlinked: unlinked.includes(true),
    mark: record && detailsOf(record).reauthorization,
  };
}

test("a pair that was received and lives at the server is never lost, whatever fails when and in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(story({ call: 6, freeze: 2, reencrypt: 1, link: 1, stalledLink: 2 }), async (told) => {
      const { server, record, mark } = await play(told);
      // One of both: the user works, or has to link again because no pair that works was ever received.
      expect({ isMarked: mark !== undefined, isLive: server.isLive(record!.calRefreshToken) }).toEqual({
        isMarked: !server.hasReceivedLivingPair,
        isLive: server.hasReceivedLivingPair,
      });
    }),
    { numRuns: STORIES },
  );
});

test("no two refreshes of one user and client run at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      story({ call: 6, freeze: 2, reencrypt: 1, link: 1, stalledLink: 1, unlink: 1 }),
      async (told) => {
        const { server } = await play(told);
        expect(server.mostAtOnce).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: STORIES },
  );
});

test("without lost, late and doubled responses, freezes or faults of the server no user ever has to link again", async () => {
  await fc.assert(
    fc.asyncProperty(story({ call: 6, reencrypt: 1, link: 1 }), async (told) => {
      const harmless = told.fates.map((fate) => (fate === "not sent" || fate === "reset" ? fate : "fine"));
      const { processes, mark } = await play({ ...told, fates: harmless });
      expect(mark).toBeUndefined();
      expect(processes.map((process) => process.told)).toEqual([0, 0]);
    }),
    { numRuns: STORIES },
  );
});

test("a user who was unlinked stays unlinked, whatever was in flight", async () => {
  await fc.assert(
    fc.asyncProperty(story({ call: 6, freeze: 2, reencrypt: 1 }), fc.nat(24), async (told, at) => {
      const steps = [...told.steps];
      steps.splice(at % (steps.length + 1), 0, { afterMs: 0, process: 0, action: "unlink", ms: 1 });
      const { record, wasUnlinked } = await play({ ...told, steps });
      // In a process that was frozen it may have failed, and said so.
      fc.pre(wasUnlinked);
      expect(record).toBeNull();
    }),
    { numRuns: STORIES },
  );
});
