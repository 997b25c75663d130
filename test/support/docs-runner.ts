import { randomBytes } from "node:crypto";
import { CalClient, memoryTokenStore } from "calbridge";
import { createCalEmulator } from "calbridge/testing";

// Runs code blocks of the documentation, one after another, each in a world of its own: what a page takes for granted is
// there, and Cal.com is an emulator. Arguments: the blocks' files. Exits with 1 if one of them throws.

const reach = globalThis.fetch;

async function prepare(): Promise<void> {
  const emulator = createCalEmulator();
  const tokenStore = memoryTokenStore();
  Object.assign(process.env, {
    CAL_CLIENT_ID: emulator.clientId,
    CAL_CLIENT_SECRET: emulator.clientSecret,
    CAL_API_URL: emulator.url,
    CAL_STATE_SECRET: "a-secret-of-the-tests-that-is-long-enough",
    CAL_TOKEN_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString("base64")}`,
    NEXT_PUBLIC_APP_URL: "http://localhost:3000",
    NEXT_PUBLIC_CALENDAR_SUCCESS_URL: "/settings",
  });
  globalThis.fetch = (input, init) => {
    const { href } = new URL(input instanceof Request ? input.url : input);
    return href.startsWith(emulator.url) ? emulator.fetch(input, init) : reach(input, init);
  };
  const cal = CalClient.fromEnv({ tokenStore });
  emulator.provider.addAccount("google", "ada@example.com");
  const ada = await cal.ensureUser("user-1", {
    email: "ada@example.com",
    name: "Ada",
    timeZone: "Europe/London",
  });
  const { authUrl } = await ada.calendars.connectUrl("google", {
    returnUrl: "https://your-app.com/cal/done",
  });
  const { code, state } = await emulator.provider.authorize(authUrl, {
    account: "ada@example.com",
    stopBeforeCallback: true,
  });
  Object.assign(globalThis, {
    emulator,
    tokenStore,
    cal,
    ada,
    authUrl,
    code,
    state,
    username: "dave@icloud.example",
    password: "good-app-pass",
    findSession: () => Promise.resolve(null),
  });
}

for (const file of process.argv.slice(2)) {
  await prepare();
  console.log(`== ${file}`);
  try {
    await import(file);
  } catch (error) {
    console.error(`${file} failed:`, error);
    process.exitCode = 1;
  }
}
// Pools that the pages made, and never end.
setTimeout(() => process.exit(), 100).unref();
