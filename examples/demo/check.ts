import { createBrowser, type Browser } from "./browser.js";
import type { Demo } from "./start.js";

interface Connection {
  calendarType: string;
  email: string | null;
  connected: boolean;
}

/** Goes through the demo as a browser would, and prints each step. Rejects at the first step that fails. */
export async function checkDemo({ origin, services }: Demo): Promise<void> {
  const { emulator, feed } = services;
  if (!emulator) {
    throw new Error(
      "--check needs the consent page of the emulator. Unset CAL_CLIENT_ID, CAL_CLIENT_SECRET and CAL_OAUTH_CLIENT_ID.",
    );
  }
  const ada = createBrowser(origin);
  const grace = createBrowser(origin);
  const outcomes = (): (string | undefined)[] =>
    feed
      .entries()
      .filter(({ kind }) => kind === "tokens")
      .map(({ outcome }) => outcome);
  const adasId = (): number => emulator.users.list().find(({ email }) => email.startsWith("ada"))?.id ?? 0;

  /** Connects a calendar as Ada: from the button to the consent page and back, in this browser. */
  const connect = async (browser = ada, provider = "google", account = "alice"): Promise<URL> => {
    const { authUrl } = (await ada.api(`/calendars/oauth-connect-url?type=${provider}`)) as {
      authUrl: string;
    };
    const { redirectTo } = await emulator.provider.authorize(authUrl, { account });
    return browser.visit(redirectTo);
  };

  await step("sign in as Ada, and as Grace in a second browser", async () => {
    expectText(await ada.submit("/sign-in", { id: "01J0ADA" }), "Ada Lovelace");
    expectText(await grace.submit("/sign-in", { id: "01J0GRACE" }), "Grace Hopper");
    return "the server renders the settings page";
  });
  await step("connect Google on the consent page", async () => {
    expectQuery(await connect(), { calendarType: "google", connected: "true" });
    return "allowed; a check at Cal.com confirms it, as the redirect proves nothing";
  });
  await step("the page shows the connection and its calendars", async () => {
    const page = await ada.get("/");
    for (const text of ["alice@gmail.example", "Team", "Disconnect"]) expectText(page, text);
    return "alice@gmail.example";
  });
  await step("the access token expires, and five requests arrive at once", async () => {
    const before = outcomes().length;
    await ada.submit("/demo/faults/expire");
    await Promise.all([1, 2, 3, 4, 5].map(() => ada.api("/calendars/status")));
    const refreshes = outcomes()
      .slice(before)
      .filter((outcome) => outcome === "refreshed");
    if (refreshes.length !== 1) throw new Error(`Expected one refresh, got ${String(refreshes.length)}.`);
    return "one refresh for all five";
  });
  await step("the response of a refresh is lost", async () => {
    await ada.submit("/demo/faults/lose");
    const first = await ada.api("/calendars/status").catch((error: unknown) => String(error));
    if (first !== "Error: unavailable") throw new Error("The first request should have failed.");
    await expectConnection(ada, "alice@gmail.example", true);
    if (outcomes().at(-1) !== "recovered") throw new Error("The tokens were not recovered.");
    return "one request failed; the next one recovered the tokens, without a new consent";
  });
  await step("Cal.com is slow", async () => {
    await ada.submit("/demo/faults/slow");
    const started = Date.now();
    await expectConnection(ada, "alice@gmail.example", true);
    await Promise.all([1, 2, 3, 4, 5].map(() => ada.api("/calendars/status")));
    return `responses after ${((Date.now() - started) / 1000).toFixed(1)} s`;
  });
  await step("the user revokes access at the provider", async () => {
    await ada.submit("/demo/faults/revoke");
    // Cal.com no longer tells the address.
    await expectConnection(ada, "alice@gmail.example", false);
    expectText(await ada.get("/"), "Needs reconnecting");
    return "the page shows that the calendar has to be reconnected";
  });
  await step("reconnect", async () => {
    // The revoked connection is removed once the user came back from Google. Then Google has to be connected again.
    expectQuery(await connect(), { connected: "false", reason: "try_again" });
    expectQuery(await connect(), { connected: "true" });
    await expectConnection(ada, "alice@gmail.example", true);
    return "the second time, as Cal.com does not store new tokens beside a revoked credential";
  });
  await step("the callback arrives in the browser of another user", async () => {
    expectQuery(await connect(grace, "office365", "bob"), { connected: "false", reason: "wrong_user" });
    const stored = emulator.calendars.credentials(adasId()).map(({ account }) => account);
    if (stored.join() !== "alice@gmail.example") throw new Error("The calendar was not removed at Cal.com.");
    return "rejected, and the new credential was removed at Cal.com";
  });
  await step("the table contains no readable token", async () => {
    const table = JSON.stringify(await services.rows());
    const { accessTokens, refreshTokens } = emulator.users.tokens(adasId());
    if (accessTokens.length === 0 || table.length < 500) throw new Error("The table is empty.");
    if ([...accessTokens, ...refreshTokens].some((token) => table.includes(token)))
      throw new Error("A token is readable.");
    return "all tokens are encrypted";
  });
  await step("a page shows all users' connections, and the notice when access is revoked", async () => {
    await ada.submit("/connections/check");
    expectText(await ada.get("/connections"), "alice@gmail.example");
    expectText(
      await ada.submit("/connections/revoke", { userId: "01J0ADA" }),
      "access was revoked at the provider",
    );
    emulator.provider.restore({ userId: adasId() });
    expectText(await ada.submit("/connections/check"), "It works again.");
    return "told once, and once again when it works";
  });
  await step("disconnect Google", async () => {
    await ada.api("/calendars/disconnect", { calendarType: "google" });
    const left = emulator.calendars.credentials(adasId()).length;
    if (left > 0) throw new Error(`${String(left)} credentials remain at Cal.com.`);
    expectText(await ada.get("/"), "Not connected");
    return "no credential remains at Cal.com";
  });
  await step("Grace links her own Cal.com account", async () => {
    const { authUrl } = (await grace.api("/oauth/authorize-url")) as { authUrl: string };
    const { redirectTo } = await emulator.oauth2.authorize(authUrl, { person: "grace" });
    expectQuery(await grace.visit(redirectTo ?? ""), { calAccount: "linked" });
    const { calAccount } = await statusOf(grace);
    if (calAccount?.grant !== "oauth") throw new Error("The account is not linked.");
    return "in one table with Ada's managed user";
  });
  await step("Grace loses the response of a refresh", async () => {
    await grace.submit("/demo/faults/lose");
    const first = await grace.api("/calendars/status").catch((error: unknown) => String(error));
    if (first !== "Error: unavailable") throw new Error("The first request should have failed.");
    // Until then the first request may still be running at Cal.com.
    emulator.clock.advance(61_000);
    const { calAccount } = await statusOf(grace);
    if (!calAccount?.reauthorization) throw new Error("The page does not ask to link again.");
    const { authUrl } = (await grace.api("/oauth/authorize-url")) as { authUrl: string };
    const { redirectTo } = await emulator.oauth2.authorize(authUrl, { person: "grace" });
    expectQuery(await grace.visit(redirectTo ?? ""), { calAccount: "linked" });
    return "only Grace can replace the tokens: she links again";
  });
  await step("Grace takes the consent away at Cal.com", async () => {
    await grace.submit("/demo/faults/consent");
    const { calAccount } = await statusOf(grace);
    if (!calAccount?.reauthorization) throw new Error("The page does not ask to link again.");
    return `the page asks to link again: ${calAccount.reauthorization.reason}`;
  });
}

interface Status {
  calendars: Connection[];
  calAccount: { grant: string; reauthorization?: { reason: string } | null } | null;
}

async function statusOf(browser: Browser): Promise<Status> {
  return (await browser.api("/calendars/status")) as Status;
}

async function step(name: string, run: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(`ok    ${name}: ${await run()}\n`);
  } catch (error) {
    process.stdout.write(`FAIL  ${name}\n`);
    throw error;
  }
}

async function expectConnection(browser: Browser, email: string, connected: boolean): Promise<void> {
  const { calendars } = await statusOf(browser);
  const isListed = calendars.some(
    (connection) => connection.email === email && connection.connected === connected,
  );
  if (!isListed) throw new Error(`The status is ${JSON.stringify(calendars)}.`);
}

function expectText(page: string, text: string): void {
  if (!page.includes(text)) throw new Error(`The page does not contain "${text}".`);
}

function expectQuery({ searchParams }: URL, expected: Record<string, string>): void {
  for (const [name, value] of Object.entries(expected)) {
    const given = searchParams.get(name);
    if (given !== value) throw new Error(`The URL has ${name}=${String(given)}, not ${value}.`);
  }
}
