import { CalClient, isCalError } from "../../src/index.js";
import { postgresTokenStore } from "../../src/stores/postgres/postgres-token-store.js";
import type { TokenStore } from "../../src/tokens/token-store.js";
import type { Point } from "./points.js";
import { createPool } from "./pool.js";
import { storeOver } from "./store-over-http.js";

// A server of an application that runs several: see app-processes.ts, which starts and asks it.

/** What a process is given when it starts. */
export interface AppConfig {
  databaseUrl: string;
  connections: number;
  calUrl: string;
  clientId: string;
  clientSecret: string;
  timeoutMs: number;
  /** A store that another process serves, in place of the database: see store-server.ts. */
  storeUrl?: string;
  /** The clients are of OAuth 2. */
  authorizeUrl?: string;
}

/** What it can be asked to do. */
export type AppJob =
  /** Makes a call for each of the users, all at once. */
  | { do: "call"; userIds: string[] }
  /** From now on, gives itself this signal when it gets there. */
  | { do: "stop at"; point: Point; signal: "SIGKILL" | "SIGSTOP" }
  /** Turns the process's clock. */
  | { do: "advance"; ms: number }
  | { do: "count" };

/** How a call ended. */
export interface CallOutcome {
  ms: number;
  /** The code of the error, if it failed. */
  error?: string;
}

/** What a process has counted since it started. */
export interface Counts {
  /** Statements sent to the database. */
  queries: number;
  /** What `onTokenRefresh` told, by outcome. */
  outcomes: Record<string, number>;
}

const config = JSON.parse(process.argv[2] ?? "{}") as AppConfig;
const counts: Counts = { queries: 0, outcomes: {} };
let stopping: { point: Point; signal: "SIGKILL" | "SIGSTOP" } | undefined;

function reach(point: Point): void {
  if (stopping?.point !== point) return;
  const { signal } = stopping;
  stopping = undefined;
  process.kill(process.pid, signal);
}

function createStore(): Required<TokenStore> {
  if (config.storeUrl !== undefined) return storeOver(config.storeUrl);
  const pool = createPool(config.databaseUrl, { max: config.connections });
  return postgresTokenStore({
    client: {
      query: (text, values) => {
        counts.queries += 1;
        return pool.query(text, values);
      },
    },
  });
}

const inner = createStore();
let aheadMs = 0;

/** The store, with places to stop at. */
const tokenStore: TokenStore = {
  ...inner,
  async acquireLease(userId, options) {
    const got = await inner.acquireLease(userId, options);
    if (got) reach("leased");
    return got;
  },
  async set(record, options) {
    reach("writing");
    const writing = inner.set(record, options);
    // It may have failed before it is awaited.
    writing.catch(() => undefined);
    // The statement is on its way when the event loop has turned.
    await new Promise(setImmediate);
    reach("write sent");
    const written = await writing;
    reach("written");
    return written;
  },
};

const { clientId, clientSecret, authorizeUrl } = config;
const grant =
  authorizeUrl === undefined
    ? { managedUsers: { clientId, clientSecret } }
    : { oauth: { clientId, clientSecret, authorizeUrl } };

const cal = new CalClient({
  ...grant,
  now: () => Date.now() + aheadMs,
  baseUrl: config.calUrl,
  timeoutMs: config.timeoutMs,
  retry: { limit: 0 },
  tokenStore,
  hooks: {
    onTokenRefresh: ({ outcome }) => void (counts.outcomes[outcome] = (counts.outcomes[outcome] ?? 0) + 1),
  },
  fetch: async (...request) => {
    const answering = globalThis.fetch(...request);
    const url = request[0] instanceof Request ? request[0].url : String(request[0]);
    if (!/\/(refresh|oauth2\/token)$/.test(url)) return answering;
    // Long enough for the request to be there, and at random short enough for the answer not to be here.
    await Promise.race([answering, new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20))]);
    reach("request sent");
    const answer = await answering;
    reach("answer came");
    return answer;
  },
});

async function call(userId: string): Promise<CallOutcome> {
  const startedAt = performance.now();
  try {
    await cal.forUser(userId).profile();
    return { ms: performance.now() - startedAt };
  } catch (error) {
    // The test looks at the code; whatever is not an error of ours has none and fails it.
    const code = isCalError(error) ? error.code : String(error);
    return { ms: performance.now() - startedAt, error: code };
  }
}

async function run(job: AppJob): Promise<unknown> {
  switch (job.do) {
    case "call":
      return Promise.all(job.userIds.map(call));
    case "stop at":
      stopping = job;
      return undefined;
    case "advance":
      aheadMs += job.ms;
      return undefined;
    case "count":
      return counts;
  }
}

process.on("disconnect", () => process.exit(0));
process.on("message", (message) => {
  const { id, job } = message as { id: number; job: AppJob };
  void run(job).then((value) => process.send?.({ id, value }));
});
process.send?.({ ready: true });
