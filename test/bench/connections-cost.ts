import { CalClient, memoryConnectionStore, memoryTokenStore } from "../../src/index.js";
import { createCalEmulator } from "../../src/testing/index.js";
import { withoutRateLimit } from "../support/connections-simulation.js";
import { REDIRECT_URI, SCOPES } from "../support/oauth2-emulator.js";
import { round } from "./report.js";

const DAYS = 14;
const USERS = 200;
const HOUR = 60 * 60_000;

/** Requests and calls of the stores, a user and day. */
export interface Cost {
  requests: number;
  statements: number;
}

/** What checks cost users who do nothing else, and whose one Google calendar works. */
export async function measureCost(grant: "managed" | "oauth"): Promise<Cost> {
  const emulator = createCalEmulator({
    now: () => Date.parse("2027-01-04T10:00:00.000Z"),
    oauth2: {
      clients: [
        { id: "app", secret: "app-secret", redirectUris: [REDIRECT_URI], name: "The App", scopes: SCOPES },
      ],
    },
  });
  const { now } = emulator.clock;
  const oauth = {
    clientId: "app",
    clientSecret: "app-secret",
    redirectUri: REDIRECT_URI,
    scopes: SCOPES,
    authorizeUrl: emulator.oauth2.authorizeUrl,
  };
  const managedUsers = { clientId: emulator.clientId, clientSecret: emulator.clientSecret };
  let statements = 0;
  const counted = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]): unknown => {
          statements += 1;
          return Reflect.apply(method, target, args);
        };
      },
    });
  const cal = new CalClient({
    ...(grant === "oauth" ? { oauth } : { managedUsers }),
    baseUrl: emulator.url,
    fetch: emulator.fetch,
    now,
    tokenStore: counted(memoryTokenStore({ now })),
    connectionStore: counted(memoryConnectionStore({ now })),
  });
  for (let n = 0; n < USERS; n += 1) {
    const userId = `user-${String(n)}`;
    const email = `person-${String(n)}@example.com`;
    let calUserId: number;
    if (grant === "oauth") {
      calUserId = emulator.people.create({ email, name: "Person", timeZone: "UTC" }).id;
      const { url, codeVerifier } = await cal.oauth.authorizationUrl({ state: "st" });
      const { code } = await emulator.oauth2.authorize(url, { person: email });
      await cal.oauth.link(userId, { code: code ?? "", codeVerifier });
    } else {
      const user = await cal.ensureUser(userId, { email, name: "Person" });
      calUserId = (await user.profile()).id;
    }
    emulator.calendars.connect(calUserId, "google", `person-${String(n)}@gmail.example`);
  }
  emulator.clock.advance(HOUR);
  await cal.checkConnections({ maxPerMinute: Number.POSITIVE_INFINITY });
  statements = 0;
  (emulator.requests as unknown[]).length = 0;
  for (let hour = 0; hour < DAYS * 24; hour += 1) {
    emulator.clock.advance(HOUR);
    await cal.checkConnections({ maxPerMinute: Number.POSITIVE_INFINITY });
  }
  const userDays = USERS * DAYS;
  return { requests: emulator.requests.length / userDays, statements: statements / userDays };
}

/** The time and the heap of one run. */
export interface Run {
  seconds: number;
  heapMB: [start: number, end: number];
}

/** A run in which all users are due, who were checked before. */
export async function measureRun(users: number): Promise<Run> {
  const emulator = createCalEmulator();
  const { now } = emulator.clock;
  const tokenStore = memoryTokenStore({ now });
  const cal = new CalClient({
    ...emulator.clientOptions,
    fetch: withoutRateLimit(emulator.fetch),
    now,
    tokenStore,
    connectionStore: memoryConnectionStore({ now }),
  });
  for (let n = 0; n < users; n += 1) {
    const userId = `user-${String(n)}`;
    await cal.ensureUser(userId, { email: `${userId}@example.com`, name: "User" });
    const record = await tokenStore.get(userId);
    if (record) emulator.calendars.connect(record.calUserId, "google", `${userId}@gmail.example`);
  }
  const run = async (): Promise<void> => {
    emulator.clock.advance(48 * HOUR);
    await cal.checkConnections({
      maxPerMinute: Number.POSITIVE_INFINITY,
      onProgress: ({ checked }) => {
        if (checked % 1_000 === 0) (emulator.requests as unknown[]).length = 0;
      },
    });
    (emulator.requests as unknown[]).length = 0;
  };
  // What the first check of a user writes stays.
  await run();
  const before = heapMB();
  const startedAt = performance.now();
  await run();
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, heapMB: [before, heapMB()] };
}

function heapMB(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error("To measure the heap, run node with --expose-gc.");
  gc();
  return round(process.memoryUsage().heapUsed / 2 ** 20);
}
