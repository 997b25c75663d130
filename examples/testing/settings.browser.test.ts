import { memoryTokenStore } from "calbridge";
import { createCalEmulator } from "calbridge/testing";
import { once } from "node:events";
import { chromium, type Browser, type Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { createApp } from "./app.js";

const port = 4100;
const origin = `http://localhost:${port}`;
const emulator = createCalEmulator();
let browser: Browser;
let page: Page;

beforeAll(async () => {
  const calCom = await emulator.listen(); // consent pages that a browser can visit
  const app = createApp(origin, {
    managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
    baseUrl: calCom.url,
    tokenStore: memoryTokenStore(),
  });
  await once(app.listen(port), "listening");

  const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const context = await browser.newContext();
  await context.addCookies([{ name: "session", value: "ada", url: origin }]);
  page = await context.newPage();

  return async () => {
    await browser.close();
    app.close();
    await calCom.close();
  };
});

const status = (): Promise<string | null> => page.getByRole("status").textContent();

test("a user connects a calendar on the consent page", async () => {
  await page.goto(`${origin}/settings`);
  await expect.poll(status).toBe("Not connected");

  await page.getByRole("button", { name: "Connect Google Calendar" }).click();
  await page.getByLabel("alice@gmail.example").check();
  await page.getByRole("button", { name: "Allow" }).click();

  await page.waitForURL(`${origin}/settings?calendarType=google&connected=true`);
  await expect.poll(status).toBe("Connected: alice@gmail.example");
});

test("an access token that expires while the page is open is refreshed once", async () => {
  for (const { id } of emulator.users.list()) emulator.users.expireAccessTokens(id);
  const refreshes = () => emulator.count({ method: "POST", path: "/oauth/test-client/refresh" });
  const before = refreshes();

  await page.getByRole("button", { name: "Check again" }).click();
  await expect.poll(refreshes).toBe(before + 1);
  await expect.poll(status).toBe("Connected: alice@gmail.example");
});

test("the page shows an error while Cal.com is down, and works again afterwards", async () => {
  const outage = emulator.inject({ path: "/calendars", times: Infinity, effect: { status: 503 } });
  await page.getByRole("button", { name: "Check again" }).click();
  await expect.poll(status, { timeout: 10_000 }).toContain("Try again later");

  outage.remove();
  await page.getByRole("button", { name: "Check again" }).click();
  await expect.poll(status).toBe("Connected: alice@gmail.example");
});
