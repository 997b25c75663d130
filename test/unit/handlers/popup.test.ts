// @vitest-environment node
import { createHash } from "node:crypto";
import { runInNewContext } from "node:vm";
import { Window } from "happy-dom";
import { describe, expect, test } from "vitest";
import { isPopupId, returnPage } from "../../../src/handlers/http/return-page.js";
import { connectGoogle, createApp, createBrowser, endOf, ORIGIN } from "../../support/handlers-app.js";

const popup = "0123456789abcdef0123456789abcdef";

/** What a browser does with the page: it parses it, runs the script if the policy allows it, and shows the rest. */
async function open(response: Response) {
  const html = await response.text();
  const { document } = new Window();
  document.write(html);
  const scripts = [...document.querySelectorAll("script")];
  const policy = response.headers.get("content-security-policy") ?? "";
  const messages: unknown[] = [];
  const state = { isClosed: false };
  class Channel {
    readonly #name: string;
    constructor(name: string) {
      this.#name = name;
    }
    postMessage(data: unknown): void {
      messages.push([this.#name, { ...(data as object) }]);
    }
  }
  for (const script of scripts) {
    const hash = createHash("sha256").update(script.textContent).digest("base64");
    if (!policy.includes(`script-src 'sha256-${hash}'`)) continue;
    runInNewContext(script.textContent, {
      document: { currentScript: { dataset: Object.fromEntries(Object.entries(script.dataset)) } },
      BroadcastChannel: Channel,
      window: {
        close: () => {
          state.isClosed = true;
        },
      },
      setTimeout: (run: () => void) => {
        run();
      },
    });
  }
  return { html, document, scripts, policy, messages, ...state };
}

async function finish(query: string, choice: { account?: string; deny?: boolean } = {}) {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const link = await ada.start("google", `&popup=${popup}${query}`);
  const { redirectTo } = await app.emulator.provider.authorize(link, choice);
  return { app, ada, redirectTo, response: await ada.visit(redirectTo) };
}

describe("a flow in a popup", () => {
  test("reports to the page that has opened it, and closes itself", async () => {
    const { response, app } = await finish("&returnUrl=%2Fsettings%3Ftab%3D2");
    expect(response.status).toBe(200);
    const { messages, isClosed } = await open(response);
    const returned = "tab=2&calendarType=google&connected=true";
    expect(messages).toEqual([[`calbridge:${popup}`, { type: "calbridge", id: popup, returned }]]);
    expect(isClosed).toBe(true);
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });

  test("reports a failure in the same way", async () => {
    const { response } = await finish("", { deny: true });
    const { messages } = await open(response);
    const returned = "calendarType=google&connected=false&reason=not_connected";
    expect(messages).toEqual([[`calbridge:${popup}`, { type: "calbridge", id: popup, returned }]]);
  });

  test("has a link to the page for a browser without scripts, or that does not close the window", async () => {
    const { response } = await finish("&returnUrl=%2Fsettings");
    const { document } = await open(response);
    expect(document.querySelector("a")?.getAttribute("href")).toBe(
      `${ORIGIN}/settings?calendarType=google&connected=true`,
    );
    expect(document.documentElement.lang).toBe("en");
    expect(document.title).not.toBe("");
  });

  test("may run nothing but its one script, and is not framed, stored or named to other sites", async () => {
    const { response } = await finish("");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    const { policy, scripts } = await open(response);
    expect(scripts).toHaveLength(1);
    expect(policy.split("; ").map((part) => part.split(" ")[0])).toEqual([
      "default-src",
      "script-src",
      "img-src",
      "base-uri",
      "form-action",
      "frame-ancestors",
    ]);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  test("holds no secret", async () => {
    const { response, app, redirectTo } = await finish("");
    const told = (await response.text()) + JSON.stringify([...response.headers]);
    const { accessTokens, refreshTokens } = app.emulator.users.tokens(await app.managedUserId("ada"));
    const state = new URL(redirectTo).searchParams.get("cal_state")!;
    for (const secret of [...accessTokens, ...refreshTokens, state]) expect(told).not.toContain(secret);
  });

  test("has the checks of the redirect", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const link = await ada.start("google", `&popup=${popup}`);
    const { redirectTo } = await app.emulator.provider.authorize(link);
    const reasonFor = async (browser: ReturnType<typeof createBrowser>) => {
      const [, message] = (await open(await browser.visit(redirectTo))).messages[0] as [
        string,
        { returned: string },
      ];
      return new URLSearchParams(message.returned).get("reason");
    };
    expect(await reasonFor(createBrowser(app.handlers.handle).signIn("grace"))).toBe("wrong_user");
    expect(await reasonFor(createBrowser(app.handlers.handle))).toBe("signed_out");
    expect(await reasonFor(createBrowser(app.handlers.handle).signIn("ada"))).toBe("wrong_browser");
    expect(await app.accounts("ada")).toEqual([]);
  });

  test("two at once report to their own page", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const ids = ["a".repeat(16), "b".repeat(64)];
    const links = [
      await ada.start("google", `&popup=${ids[0]!}`),
      await ada.start("office365", `&popup=${ids[1]!}`),
    ];
    for (const index of [1, 0]) {
      const { redirectTo } = await app.emulator.provider.authorize(links[index]!);
      const { messages } = await open(await ada.visit(redirectTo));
      expect(messages).toMatchObject([[`calbridge:${ids[index]!}`, { id: ids[index] }]]);
    }
  });

  test("a page that saves by itself gets JSON", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const link = await ada.start("google", `&popup=${popup}`);
    const { redirectTo } = await app.emulator.provider.authorize(link);
    const state = new URL(redirectTo).searchParams.get("cal_state");
    const response = await ada.post("/calendars/save-oauth-cal-creds", { state });
    expect((await response.json()).data).toMatchObject({ connected: true });
  });
});

describe("wants something else in the page (XSS)", () => {
  const injections = [
    `"><script>alert(1)</script>`,
    `</script><script>alert(1)</script>`,
    `' onmouseover='alert(1)`,
    "javascript:alert(1)",
    "<!--",
    "&quot;&lt;",
    "${alert(1)}",
    "\u2028\u2029",
  ];

  test.each([
    ...injections.map((text) => (text + "a".repeat(16)).slice(0, 64)),
    "a".repeat(15),
    "a".repeat(65),
    "a".repeat(15) + "\n",
    "é".repeat(16),
  ])("by the channel's id %j: refused", async (id) => {
    expect(isPopupId(id)).toBe(false);
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const query = new URLSearchParams({ type: "google", popup: id }).toString();
    const response = await ada.fetch(`/calendars/oauth-connect-url?${query}`);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain("alert");
    const posted = await ada.post("/calendars/oauth-connect-url", { type: "google", popup: id });
    expect(posted.status).toBe(400);
  });

  test.each(injections)("by the return URL's query: %j", async (text) => {
    const returnUrl = `/settings?x=${encodeURIComponent(text)}#${encodeURIComponent(text)}`;
    const { response } = await finish(`&returnUrl=${encodeURIComponent(returnUrl)}`);
    const { document, scripts, messages } = await open(response);
    expect(scripts).toHaveLength(1);
    expect([...document.querySelectorAll("*")].map(({ tagName }) => tagName)).toEqual([
      "HTML",
      "HEAD",
      "META",
      "META",
      "META",
      "TITLE",
      "LINK",
      "BODY",
      "MAIN",
      "H1",
      "P",
      "A",
      "SCRIPT",
    ]);
    expect(document.querySelector("a")?.getAttributeNames()).toEqual(["href"]);
    expect(document.querySelector("link")?.getAttribute("href")).toBe("data:,");
    const [, message] = messages[0] as [string, { returned: string }];
    expect(new URLSearchParams(message.returned).get("x")).toBe(text);
  });

  test("by a URL that a handler would never get here", async () => {
    const response = await returnPage(`https://app.example/?"'<>&`, popup);
    const { document } = await open(response);
    expect(document.querySelectorAll("script")).toHaveLength(1);
    expect(document.querySelector("a")?.getAttributeNames()).toEqual(["href"]);
  });
});

test("without a popup the browser is redirected, as before", async () => {
  const app = createApp();
  const { redirectTo, browser } = await connectGoogle(app, "ada");
  expect(endOf(await browser.visit(redirectTo))).toMatchObject({ reason: "used_state" });
});
