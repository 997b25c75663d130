import { CalClient, memoryConnectionStore, memoryTokenStore } from "../../src/index.js";
import { createCalEmulator } from "../../src/testing/index.js";
import { REDIRECT_URI, SCOPES } from "../support/oauth2-emulator.js";
import { round } from "./report.js";

const DAYS = 14;
const OWN_ACCOUNTS = 20;
const HOUR = 60 * 60_000;

/** Requests and calls of the stores, a user and day. */
export interface Cost {
  requests: number;
  statements: number;
}

/** What checks cost users with own Cal.com accounts, who do nothing else, and have one Google calendar. */
export async function measureOwnAccounts(): Promise<Cost> {
  const emulator = createCalEmulator({
    now: () => Date.parse("2027-01-04T10:00:00.000Z"),
    oauth2: {
      clients: [
        { id: "app", secret: "app-secret", redirectUris: [REDIRECT_URI], name: "The App", scopes: SCOPES },
      ],
    },
  });
  const { now } = emulator.clock;
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
    oauth: {
      clientId: "app",
      clientSecret: "app-secret",
      redirectUri: REDIRECT_URI,
      scopes: SCOPES,
      authorizeUrl: emulator.oauth2.authorizeUrl,
    },
    baseUrl: emulator.url,
    fetch: emulator.fetch,
    now,
    tokenStore: counted(memoryTokenStore({ now })),
    connectionStore: counted(memoryConnectionStore({ now })),
  });
  for (let n = 0; n < OWN_ACCOUNTS; n += 1) {
    const email = `person-${String(n)}@example.com`;
    const { id } = emulator.people.create({ email, name: "Person", timeZone: "UTC" });
    const { url, codeVerifier } = await cal.oauth.authorizationUrl({ state: "st" });
    const { code } = await emulator.oauth2.authorize(url, { person: email });
    await cal.oauth.link(`user-${String(n)}`, { code: code ?? "", codeVerifier });
    emulator.calendars.connect(id, "google", `person-${String(n)}@gmail.example`);
  }
  await cal.checkConnections({ maxPerMinute: Number.POSITIVE_INFINITY });
  statements = 0;
  (emulator.requests as unknown[]).length = 0;
  for (let hour = 0; hour < DAYS * 24; hour += 1) {
    emulator.clock.advance(HOUR);
    await cal.checkConnections({ maxPerMinute: Number.POSITIVE_INFINITY });
  }
  const userDays = OWN_ACCOUNTS * DAYS;
  return { requests: emulator.requests.length / userDays, statements: statements / userDays };
}

/** The time and the heap of one run in which all users are due. */
export async function measureRun(users: number): Promise<{ seconds: number; heapMB: [number, number] }> {
  const emulator = createCalEmulator();
  const { now } = emulator.clock;
  const tokenStore = memoryTokenStore({ now });
  const cal = new CalClient({
    ...emulator.clientOptions,
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
  emulator.clock.advance(48 * HOUR);
  const heap: number[] = [];
  const startedAt = performance.now();
  await cal.checkConnections({
    maxPerMinute: Number.POSITIVE_INFINITY,
    onProgress: ({ checked }) => {
      if (checked % Math.ceil(users / 10) !== 0) return;
      (emulator.requests as unknown[]).length = 0;
      // With `node --expose-gc`; without it, what is not collected yet counts too.
      (globalThis as { gc?: () => void }).gc?.();
      heap.push(round(process.memoryUsage().heapUsed / 2 ** 20, 1));
    },
  });
  return { seconds: (performance.now() - startedAt) / 1000, heapMB: [heap[0] ?? 0, heap.at(-1) ?? 0] };
}
