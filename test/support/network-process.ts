import { CalClient, isCalError, memoryTokenStore } from "../../src/index.js";

// An application that makes its calls in a bad network and then has nothing more to do: it has to end by itself.
// It writes down how they went, and what was left when the last one was over.

interface Config {
  baseUrl: string;
  timeoutMs: number;
  retries: number;
  calls: number;
  /** Milliseconds after which the caller gives up. */
  giveUpMs?: number;
  /** The same, by the number of attempts that have ended. */
  giveUpAfter?: number;
  /** Whether the access token has expired. Then each call is one that needs it, and so a refresh first. */
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
        if ((attempts += 1) === config.giveUpAfter) setTimeout(() => controller.abort("given up"), 50);
      },
    },
  });
  if (config.giveUpMs !== undefined) setTimeout(() => controller.abort("given up"), config.giveUpMs);
  const ends: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: config.calls }, async (_, n) => {
      const options = { signal: controller.signal };
      const call =
        n % 2 || config.isExpired
          ? cal.forUser("ada").profile(options)
          : cal.managedUsers.update(101, { name: "N" }, options);
      const end = await call.then(
        () => "fine",
        (error: unknown) => (isCalError(error) ? error.code : String(error)),
      );
      ends[end] = (ends[end] ?? 0) + 1;
    }),
  );
  const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  // By then a rejection that nobody handles has been told of.
  setImmediate(() => {
    process.stdout.write(JSON.stringify({ ends, timers, unhandled, at: Date.now() }));
  });
  process.on("exit", () => {
    if (unhandled > 0) process.exitCode = 1;
  });
}

void main();
