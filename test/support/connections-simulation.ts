import { CalClient, memoryConnectionStore, memoryTokenStore } from "../../src/index.js";
import type { ConnectionChange, ConnectionStore, TokenStore } from "../../src/index.js";
import { createCalEmulator, type CalEmulator } from "../../src/testing/index.js";
import { randomFrom, type Random } from "./random.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** How often the workers run. */
const TICK_MS = 5 * MINUTE;
/** How long a claim lasts: in this time, a user is checked once. */
const CLAIM_MS = 5 * MINUTE;

export interface SimulationOptions {
  users: number;
  days: number;
  workers: number;
  /** Workers that are killed, on average, a day. */
  killsPerDay: number;
  /** Breaks of a user, on average, in 30 days. */
  breaks: number;
  /** An outage of Google: from an instant, for a time, in milliseconds from the start. */
  outage: { from: number; ms: number };
  seed: number;
}

/** A break, or a recovery, and when it was told. */
export interface Event {
  userId: string;
  to: "broken" | "connected";
  at: number;
  /** When the hook was told first; `undefined` if never. */
  toldAt?: number;
}

export interface SimulationResult {
  startedAt: number;
  events: Event[];
  /** Calls of the hook, and how many ids they had. */
  calls: number;
  ids: number;
  /** Changes that were told and are none of the events. */
  unexpected: string[];
  /** How often a user's list was read again within the time of a claim. */
  twice: number;
  kills: number;
  checks: number;
  requests: number;
  /** Calls of the two stores: each is one statement in Postgres. */
  statements: number;
}

/** A worker of its own, which can be killed: from then on, nothing that it does has an effect, or an end. */
class Worker {
  isAlive = true;
  /** Calls of stores, requests and hooks until it is killed. */
  left = Number.POSITIVE_INFINITY;
  readonly killed: Promise<void>;
  #kill: () => void = () => undefined;

  constructor() {
    this.killed = new Promise((resolve) => (this.#kill = resolve));
  }

  /** The function, unless the worker is dead. */
  guard<Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => {
      this.left -= 1;
      if (this.left < 0 && this.isAlive) {
        this.isAlive = false;
        this.#kill();
      }
      return this.isAlive ? work(...args) : new Promise<Result>(() => undefined);
    };
  }

  guardAll<Store extends object>(store: Store): Store {
    const guarded = Object.entries(store).map(([name, method]) => [
      name,
      this.guard(method as () => Promise<unknown>),
    ]);
    return Object.fromEntries(guarded) as Store;
  }
}

/** The result of a simulation in which nothing has happened yet. */
export function noResult(startedAt: number): SimulationResult {
  return {
    startedAt,
    events: [],
    calls: 0,
    ids: 0,
    unexpected: [],
    twice: 0,
    kills: 0,
    checks: 0,
    requests: 0,
    statements: 0,
  };
}

/** Users of an application over days, on the emulator's clock: calendars break and recover, workers check and die. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const random = randomFrom(options.seed);
  const startedAt = Date.parse("2027-01-04T00:00:00.000Z");
  const emulator = createCalEmulator({ now: () => startedAt });
  const { now } = emulator.clock;
  const counts = { statements: 0 };
  const count = <Store extends object>(store: Store): Store =>
    Object.fromEntries(
      Object.entries(store).map(([name, method]) => [
        name,
        (...args: unknown[]) => {
          counts.statements += 1;
          return (method as (...given: unknown[]) => unknown)(...args);
        },
      ]),
    ) as Store;
  const tokens: TokenStore = count(memoryTokenStore({ now }));
  const connections: ConnectionStore = count(memoryConnectionStore({ now }));
  const result = noResult(startedAt);
  const ids = new Set<string>();
  const calUserIds = await addUsers(emulator, tokens, options.users);
  const open = new Map<string, Event[]>();

  const tell = ({ id, userId, to }: { id: string; userId: string; to: string }): void => {
    result.calls += 1;
    if (ids.has(id)) return;
    ids.add(id);
    const [next] = open.get(userId) ?? [];
    if (next?.to !== to) {
      result.unexpected.push(`${userId} ${to} after ${String(Math.round((now() - startedAt) / HOUR))} h`);
      return;
    }
    open.get(userId)?.shift();
    next.toldAt = now();
  };

  const hire = (): { worker: Worker; cal: CalClient } => {
    const worker = new Worker();
    const cal = new CalClient({
      managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
      baseUrl: emulator.url,
      fetch: worker.guard(withoutRateLimit(emulator.fetch)),
      now,
      cache: false,
      tokenStore: worker.guardAll(tokens),
      connectionStore: worker.guardAll(connections),
      hooks: {
        onConnectionChange: worker.guard(async (change: ConnectionChange) => {
          await Promise.resolve();
          tell(change);
        }),
      },
    });
    return { worker, cal };
  };

  const staff = Array.from({ length: options.workers }, hire);
  await staff[0]!.cal.enrollConnections();
  counts.statements = 0;
  clearLog(emulator);
  const ticks = (options.days * DAY) / TICK_MS;
  const isBroken = new Map<string, boolean>();
  const lastAt = new Map<string, number>();
  const listedAt = new Map<number, number>();
  const work = async (n: number): Promise<void> => {
    const member = staff[n]!;
    const isVictim = random() < (options.killsPerDay * TICK_MS) / DAY / options.workers;
    if (isVictim) member.worker.left = Math.floor(random() * 40);
    const run = member.cal.checkConnections({ maxPerMinute: Number.POSITIVE_INFINITY, concurrency: 4 });
    const ended = await Promise.race([run, member.worker.killed.then(() => null)]);
    result.checks += ended?.checked ?? 0;
    if (member.worker.isAlive) return;
    result.kills += 1;
    staff[n] = hire();
  };
  for (let tick = 0; tick < ticks; tick += 1) {
    emulator.clock.advance(TICK_MS - 2 * MINUTE);
    const since = now() - startedAt;
    if (since >= DAY * 2) {
      breakSome(options, {
        emulator,
        random,
        calUserIds,
        isBroken,
        lastAt,
        open,
        events: result.events,
        at: now(),
      });
    }
    setOutage(emulator, options.outage, since);
    await Promise.all(staff.map((_, n) => work(n)));
    // A scheduler that calls again too early: what a killed worker has claimed is still claimed.
    emulator.clock.advance(2 * MINUTE);
    await work(tick % staff.length);
    result.twice += countTwice(emulator, listedAt);
    result.requests += emulator.requests.length;
    clearLog(emulator);
  }
  return { ...result, ids: ids.size, statements: counts.statements };
}

/** The clock stands still during a run, so a client would wait for the end of Cal.com's minute by a clock that does not go on. */
export function withoutRateLimit(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (...request) => {
    const { body, status, headers } = await fetch(...request);
    const left = new Headers([...headers].filter(([name]) => !name.startsWith("x-ratelimit-")));
    return new Response(body, { status, headers: left });
  };
}

async function addUsers(
  emulator: CalEmulator,
  tokenStore: TokenStore,
  users: number,
): Promise<Map<string, number>> {
  const cal = new CalClient({
    ...emulator.clientOptions,
    now: emulator.clock.now,
    tokenStore,
  });
  const ids = new Map<string, number>();
  for (let n = 0; n < users; n += 1) {
    const userId = `user-${String(n)}`;
    await cal.ensureUser(userId, { email: `${userId}@example.com`, name: "User" });
    const { calUserId } = (await tokenStore.get(userId))!;
    emulator.calendars.connect(calUserId, "google", `${userId}@gmail.example`);
    ids.set(userId, calUserId);
  }
  emulator.clock.advance(15_000);
  return ids;
}

/** Breaks that last for three days on average, and at least for two: so that each of them is to be told. */
function breakSome(
  { users, breaks }: SimulationOptions,
  world: {
    emulator: CalEmulator;
    random: Random;
    calUserIds: Map<string, number>;
    isBroken: Map<string, boolean>;
    /** When a user's calendar last broke or recovered. */
    lastAt: Map<string, number>;
    open: Map<string, Event[]>;
    events: Event[];
    at: number;
  },
): void {
  const { emulator, random, calUserIds, isBroken, lastAt, open, events, at } = world;
  const expected = (users * breaks * TICK_MS) / (30 * DAY);
  for (let left = expected; left > 0; left -= 1) {
    if (random() >= left) continue;
    const userId = `user-${String(Math.floor(random() * users))}`;
    if (at - (lastAt.get(userId) ?? 0) < 2 * DAY) continue;
    lastAt.set(userId, at);
    const match = { userId: calUserIds.get(userId)! };
    if (isBroken.get(userId)) emulator.provider.restore(match);
    else emulator.provider.revoke(match);
    isBroken.set(userId, !isBroken.get(userId));
    const event: Event = { userId, to: isBroken.get(userId) ? "broken" : "connected", at };
    events.push(event);
    open.set(userId, [...(open.get(userId) ?? []), event]);
  }
}

function setOutage(emulator: CalEmulator, { from, ms }: SimulationOptions["outage"], since: number): void {
  if (since >= from && since < from + TICK_MS) emulator.provider.break("google");
  if (since >= from + ms && since < from + ms + TICK_MS) emulator.provider.repair("google");
}

/** @param listedAt - When each user's list was last read. */
function countTwice({ requests }: CalEmulator, listedAt: Map<number, number>): number {
  let twice = 0;
  for (const { path, status, userId, at } of requests) {
    if (path !== "/calendars" || status !== 200 || userId === undefined) continue;
    const before = listedAt.get(userId);
    if (before !== undefined && at.getTime() - before < CLAIM_MS) twice += 1;
    listedAt.set(userId, at.getTime());
  }
  return twice;
}

/** The log of a month's requests would not fit into memory. */
function clearLog(emulator: CalEmulator): void {
  (emulator.requests as unknown[]).length = 0;
}
