import type { DemoServices } from "./services.js";

/** Walks through the demo as a browser would, and tells each step. Rejects at the first that fails. */
export async function checkDemo(origin: string, services: DemoServices): Promise<void> {
  const { emulator, tokenEvents } = services;
  if (!emulator) {
    throw new Error(
      "--check walks through the emulator's consent page. Unset CAL_CLIENT_ID and CAL_CLIENT_SECRET.",
    );
  }
  const browser = createBrowser(origin);
  const calls = () => emulator.requests.length;

  await step("sign in as Ada", async () => {
    const page = await browser.post("/sign-in", { id: "01J0ADA" });
    expectText(page, "Signed in as Ada Lovelace");
    return `managed user ${String(emulator.users.list()[0]?.id)} made at Cal.com, its tokens sealed in Postgres`;
  });
  await step("connect Google: the consent page", async () => {
    const authUrl = await browser.redirectOf("/connect/google");
    const { redirectTo } = await emulator.provider.authorize(authUrl, { account: "alice" });
    if (redirectTo !== `${origin}/`) throw new Error("Cal.com did not send the browser back.");
    return "allowed, and back at the application";
  });
  await step("status: connected, with its calendars", async () => {
    expectText(await browser.get("/"), "alice@gmail.example");
    return "Cal.com was asked; the redirect proves nothing";
  });
  await step("an hour passes: the token is refreshed", async () => {
    await browser.post("/emulator/hour", {});
    if (tokenEvents.filter(({ outcome }) => outcome === "led").length !== 1)
      throw new Error("There was not exactly one refresh.");
    return `one refresh for all calls of the page (${String(calls())} requests so far)`;
  });
  await step("an hour passes and the refresh's answer is lost", async () => {
    const lost = await browser.post("/emulator/lose-refresh", {}).catch((error: unknown) => String(error));
    expectText(lost, "network_error");
    expectText(await browser.get("/"), "alice@gmail.example");
    if (!tokenEvents.some(({ outcome }) => outcome === "healed"))
      throw new Error("The tokens were not healed.");
    return "that one page failed; the next healed the tokens, and nobody was asked to consent again";
  });
  await step("the table holds no readable token", async () => {
    const table = JSON.stringify(await services.rows());
    const user = emulator.users.list()[0];
    const { accessTokens, refreshTokens } = emulator.users.tokens(user?.id ?? 0);
    if ([...accessTokens, ...refreshTokens].some((token) => table.includes(token)))
      throw new Error("A token is readable.");
    return "both tokens are sealed";
  });
  await step("disconnect Google", async () => {
    expectText(await browser.post("/disconnect/google", {}), "Google Calendar is not connected.");
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

function expectText(page: string, text: string): void {
  if (!page.includes(text)) throw new Error(`The page does not say "${text}".`);
}

/** Keeps a cookie and follows the application's own redirects. */
function createBrowser(origin: string) {
  let cookie = "";
  const request = async (path: string, form?: Record<string, string>): Promise<Response> => {
    const response = await fetch(new URL(path, origin), {
      redirect: "manual",
      headers: { cookie, origin },
      ...(form && { method: "POST", body: new URLSearchParams(form) }),
    });
    cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    return response;
  };
  const follow = async (response: Response): Promise<string> => {
    const location = response.headers.get("location");
    if (location !== null) return follow(await request(location));
    if (!response.ok)
      throw new Error(`The application answered ${String(response.status)}: ${await response.text()}`);
    return response.text();
  };
  return {
    get: async (path: string) => follow(await request(path)),
    post: async (path: string, form: Record<string, string>) => follow(await request(path, form)),
    redirectOf: async (path: string) => {
      const response = await request(path, {});
      const location = response.headers.get("location");
      if (location === null)
        throw new Error(`The application answered ${String(response.status)} and no redirect.`);
      return location;
    },
  };
}
