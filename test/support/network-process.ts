import { CalClient, isCalError, memoryTokenStore } from "../../src/index.js";

// An application that makes calls over a bad network. When they have ended, the process must end by itself. It reports how
// the calls ended and how many timers were left.

interface Config {
  baseUrl: string;
  timeoutMs: number;
  retries: number;
  calls: number;
  /** Milliseconds after which the caller aborts all calls. */
  abortMs?: number;
  /** The number of attempts after which the caller aborts all calls. */
  abortAfter?: number;
  /** Whether the access token has expired. Then all calls are for the user and need a refresh first. */
  isExpired?: boolean;
}

const config = JSON.parse(process.argv[2] ?? "{}") as Config;
let unhandled = 0;
process.on("unhandledRejection", () => (unhandled += 1));

const tokenStore = memoryTokenStore();
const hour = 3_600_000;

async function main(): Promise<void> {
  await tokenStore.set(
    {
      userId: "ada",
      calUserId: 101,
      calServer: "",
      details: null,
      calAccessToken: "stored-access-token",
      calAccessTokenExpiresAt: new Date(Date.now() + (config.isExpired ? -hour : hour)),
      calRefreshToken: "stored-refresh-token",
      calRefreshTokenExpiresAt: null,
    },
    { ifVersion: null },
  );
  const controller = new AbortController();
  let attempts = 0;
  const cal = new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    baseUrl: config.baseUrl,
    timeoutMs: config.timeoutMs,
    retry: { limit: config.retries },
    tokenStore,
    hooks: {
      onResponse: () => {
        if ((attempts += 1) === config.abortAfter) setTimeout(() => controller.abort("aborted"), 50);
      },
    },
  });
  if (config.abortMs !== undefined) setTimeout(() => controller.abort("aborted"), config.abortMs);
  const ends: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: config.calls }, async (_, n) => {
      const options = { signal: controller.signal };
      const call =
        n % 2 || config.isExpired
          ? cal.forUser("ada").profile(options)
          : cal.managedUsers.update(101, { name: "N" }, options);
      const end = await call.then(
        () => "success",
        (error: unknown) => (isCalError(error) ? error.code : String(error)),
      );
      ends[end] = (ends[end] ?? 0) + 1;
    }),
  );
  const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  // Unhandled rejections are reported before this runs.
  setImmediate(() => {
    process.stdout.write(JSON.stringify({ ends, timers, unhandled, at: Date.now() }));
  });
  process.on("exit", () => {
    if (unhandled > 0) process.exitCode = 1;
  });
}

void main();
