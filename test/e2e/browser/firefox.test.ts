import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDemo, type Demo } from "../../../examples/demo/start.js";
import { calUserIdOfAda, pictures } from "./demo.js";
import { launchFirefox } from "./firefox.js";

let demo: Demo;
let firefox: Browser;
beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  [demo, firefox] = await Promise.all([startDemo({}), launchFirefox()]);
});
afterAll(async () => {
  await firefox.close();
  await demo.stop();
});

const accounts = () =>
  demo.services.emulator!.calendars.credentials(calUserIdOfAda(demo)).map(({ account }) => account);
const press = (page: Page, name: string): Promise<void> =>
  page.locator(`aria/${name}[role="button"]`).click();
const says = (page: Page, text: string): Promise<unknown> =>
  page.locator(`.calbridge-root ::-p-text(${text})`).wait();

test("Firefox: connect, choose where bookings go, disconnect, and connect in a popup", async () => {
  const page = await firefox.newPage();
  const consoleErrors: string[] = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) consoleErrors.push(message.text());
  });
  page.on("pageerror", (error) => consoleErrors.push(String(error)));
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(demo.origin);
  await page.locator("button ::-p-text(Ada Lovelace)").click();
  await press(page, "Connect Google Calendar");
  await press(page, "Allow");
  await says(page, "Google Calendar is connected.");
  expect(accounts()).toEqual(["alice@gmail.example"]);

  await page.locator(".calbridge-conflicts ::-p-text(Team)").wait();
  const team = await page.$eval(
    "select",
    (select) => Array.from(select.options).find(({ text }) => text === "Team")!.value,
  );
  await page.select("select", team);
  await says(page, "New bookings go to Team.");
  await page.screenshot({ path: join(pictures, "firefox.png"), fullPage: true });

  await press(page, "Disconnect alice@gmail.example");
  await says(page, "Disconnect alice@gmail.example? Its events will no longer be seen here.");
  await press(page, "Cancel");
  await page.waitForFunction(
    () => !document.querySelector("dialog") && document.activeElement?.textContent === "Disconnect",
  );
  await press(page, "Disconnect alice@gmail.example");
  await press(page, "Disconnect");
  await says(page, "alice@gmail.example is disconnected.");
  expect(accounts()).toEqual([]);

  await page.goto(`${demo.origin}/?mode=popup`);
  await page.evaluate("globalThis.isSamePage = true");
  const opened = new Promise<Page | null>((resolve) => page.once("popup", resolve));
  await press(page, "Connect Office 365");
  const popup = (await opened)!;
  await press(popup, "Allow");
  await says(page, "Office 365 is connected.");
  expect(await page.evaluate("globalThis.isSamePage")).toBe(true);
  expect(accounts()).toEqual(["bob@outlook.example"]);
  await expect.poll(() => popup.isClosed()).toBe(true);
  expect(consoleErrors).toEqual([]);
});
