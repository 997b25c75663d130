import { createBrowser, type Browser } from "./browser.js";
import type { Demo } from "./start.js";

interface Account {
  calendarType: string;
  email: string | null;
  connected: boolean;
}

/** Walks through the demo as a browser would, and tells each step. Rejects at the first that fails. */
export async function checkDemo({ origin, services }: Demo): Promise<void> {
  const { emulator, feed } = services;
  if (!emulator) {
    throw new Error(
      "--check walks through the emulator's consent page. Unset CAL_CLIENT_ID and CAL_CLIENT_SECRET.",
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

  /** From the connect button to the consent page and back. Whoever comes back may be another. */
  const connect = async (who = ada, provider = "google", account = "alice"): Promise<URL> => {
    const { authUrl } = (await ada.api(`/calendars/oauth-connect-url?type=${provider}`)) as {
      authUrl: string;
    };
    const { redirectTo } = await emulator.provider.authorize(authUrl, { account });
    return who.visit(redirectTo);
  };

  await step("sign in as Ada, and as Grace in another browser", async () => {
    expectText(await ada.submit("/sign-in", { id: "01J0ADA" }), "Ada Lovelace");
    expectText(await grace.submit("/sign-in", { id: "01J0GRACE" }), "Grace Hopper");
    return "the settings page comes rendered by the server, its script with it";
  });
  await step("connect Google: the consent page, and back", async () => {
    expectQuery(await connect(), { calendarType: "google", connected: "true" });
    return "allowed; Cal.com was asked whether it worked, as the redirect proves nothing";
  });
  await step("the page shows the account and its calendars", async () => {
    const page = await ada.get("/");
    for (const text of ["alice@gmail.example", "Team", "Disconnect"]) expectText(page, text);
    return "alice@gmail.example";
  });
  await step("an hour passes, and five requests come at once", async () => {
    const before = outcomes().length;
    await ada.submit("/demo/trouble/expire");
    await Promise.all([1, 2, 3, 4, 5].map(() => ada.api("/calendars/status")));
    const led = outcomes()
      .slice(before)
      .filter((outcome) => outcome === "refreshed");
    if (led.length !== 1) throw new Error(`There were ${String(led.length)} refreshes.`);
    return "one refresh for all five";
  });
  await step("the answer to a refresh is lost", async () => {
    await ada.submit("/demo/trouble/lose");
    const first = await ada.api("/calendars/status").catch((error: unknown) => String(error));
    if (first !== "Error: unavailable") throw new Error("The first request should have failed.");
    await expectAccount(ada, "alice@gmail.example", true);
    if (outcomes().at(-1) !== "recovered") throw new Error("The tokens were not healed.");
    return "one request failed; the next healed the tokens, and nobody had to consent again";
  });
  await step("Cal.com is slow", async () => {
    await ada.submit("/demo/trouble/slow");
    const started = Date.now();
    await expectAccount(ada, "alice@gmail.example", true);
    await Promise.all([1, 2, 3, 4, 5].map(() => ada.api("/calendars/status")));
    return `answered after ${((Date.now() - started) / 1000).toFixed(1)} s`;
  });
  await step("the provider's access is revoked: needs reconnecting", async () => {
    await ada.submit("/demo/trouble/revoke");
    await expectAccount(ada, null, false);
    expectText(await ada.get("/"), "Needs reconnecting");
    return "the page says so";
  });
  await step("reconnect", async () => {
    expectQuery(await connect(), { connected: "true" });
    await expectAccount(ada, "alice@gmail.example", true);
    return "the revoked credential was removed first, as Cal.com would have dropped the new tokens";
  });
  await step("somebody else comes back", async () => {
    expectQuery(await connect(grace, "office365", "bob"), { connected: "false", reason: "wrong_user" });
    const stored = emulator.calendars.credentials(adasId()).map(({ account }) => account);
    if (stored.join() !== "alice@gmail.example") throw new Error("The calendar was not taken away again.");
    return "refused, and what Cal.com had stored already was undone";
  });
  await step("the table holds no readable token", async () => {
    const table = JSON.stringify(await services.rows());
    const { accessTokens, refreshTokens } = emulator.users.tokens(adasId());
    if (accessTokens.length === 0 || table.length < 500) throw new Error("There is nothing to look at.");
    if ([...accessTokens, ...refreshTokens].some((token) => table.includes(token)))
      throw new Error("A token is readable.");
    return "all tokens are sealed";
  });
  await step("disconnect Google", async () => {
    await ada.api("/calendars/disconnect", { calendarType: "google" });
    const left = emulator.calendars.credentials(adasId()).length;
    if (left > 0) throw new Error(`${String(left)} credentials are left at Cal.com.`);
    expectText(await ada.get("/"), "Not connected");
    return "nothing is left at Cal.com";
  });
}

async function step(name: string, walk: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(`ok    ${name}: ${await walk()}\n`);
  } catch (error) {
    process.stdout.write(`FAIL  ${name}\n`);
    throw error;
  }
}

async function expectAccount(browser: Browser, email: string | null, connected: boolean): Promise<void> {
  const { calendars } = (await browser.api("/calendars/status")) as { calendars: Account[] };
  const isThere = calendars.some((account) => account.email === email && account.connected === connected);
  if (!isThere) throw new Error(`The status is ${JSON.stringify(calendars)}.`);
}

function expectText(page: string, text: string): void {
  if (!page.includes(text)) throw new Error(`The page does not say "${text}".`);
}

function expectQuery({ searchParams }: URL, expected: Record<string, string>): void {
  for (const [name, value] of Object.entries(expected)) {
    const given = searchParams.get(name);
    if (given !== value) throw new Error(`The address says ${name}=${String(given)}, not ${value}.`);
  }
}
