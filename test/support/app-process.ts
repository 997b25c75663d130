import { CalClient, isCalError } from "../../src/index.js";
import { postgresTokenStore } from "../../src/stores/postgres/postgres-token-store.js";
import type { TokenStore } from "../../src/tokens/token-store.js";
import type { Point } from "./points.js";
import { createPool } from "./pool.js";

// One server process of an application that runs several. app-processes.ts starts it and sends it jobs.

/** The configuration of a process. */
export interface AppConfig {
  databaseUrl: string;
  connections: number;
  calUrl: string;
  clientId: string;
  clientSecret: string;
  timeoutMs: number;
  /** The clients are of OAuth 2. */
  authorizeUrl?: string;
}

/** The jobs of a process. */
export type AppJob =
  /** Makes a call for each of the users, all at once. */
  | { do: "call"; userIds: string[] }
  /** Sends itself this signal when a refresh next reaches the point. */
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

/** The counts of a process since its start. */
export interface Counts {
  /** Statements sent to the database. */
  queries: number;
  /** The calls of `onTokenRefresh`, by outcome. */
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

/** The store, with points to stop at. */
const tokenStore: TokenStore = {
  ...inner,
  async acquireLease(userId, options) {
    const isAcquired = await inner.acquireLease(userId, options);
    if (isAcquired) reach("lease acquired");
    return isAcquired;
  },
  async set(record, options) {
    // OAuth 2: first that a refresh is about to be sent is recorded, then the new pair is written.
    const isRecord = record.details?.includes("refreshSentAt") ?? false;
    if (!isRecord) reach("before the write");
    const writing = inner.set(record, options);
    // It may reject before it is awaited.
    writing.catch(() => undefined);
    // The statement is sent in the next turn of the event loop.
    await new Promise(setImmediate);
    reach(isRecord ? "record sent" : "write sent");
    const written = await writing;
    reach(isRecord ? "recorded" : "written");
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
    const fetching = globalThis.fetch(...request);
    const url = request[0] instanceof Request ? request[0].url : String(request[0]);
    if (!/\/(refresh|oauth2\/token)$/.test(url)) return fetching;
    // A random time: long enough for the request to arrive, and often too short for the response to be back.
    await Promise.race([fetching, new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20))]);
    reach("request sent");
    const response = await fetching;
    reach("response received");
    return response;
  },
});

async function call(userId: string): Promise<CallOutcome> {
  const startedAt = performance.now();
  try {
    await cal.forUser(userId).profile();
    return { ms: performance.now() - startedAt };
  } catch (error) {
    // The tests expect codes. Any other error has none and makes them fail.
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
