import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDemo, type Demo } from "../../../examples/demo/start.js";
import { pictures } from "./demo.js";
import { launchFirefox, type Firefox } from "./firefox.js";

let demo: Demo;
let firefox: Firefox;
beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  [demo, firefox] = await Promise.all([startDemo({}), launchFirefox()]);
});
afterAll(async () => {
  await firefox.close();
  await demo.stop();
});

const accounts = () => {
  const user = demo.services.emulator!.users.list().find(({ email }) => email.startsWith("ada"));
  return demo.services.emulator!.calendars.credentials(user!.id).map(({ account }) => account);
};
const says = (text: string) => `document.querySelector("main").textContent.includes(${JSON.stringify(text)})`;

test("in Firefox: connect, choose where bookings go, disconnect, and connect in a popup", async () => {
  const page = await firefox.open();
  await page.goto(demo.origin);
  await page.click("button", "Ada Lovelace ada@example.com");
  await page.click("button", "Connect Google Calendar");
  await page.click("button", "Allow");
  await page.until(says("Google Calendar is connected."));
  expect(accounts()).toEqual(["alice@gmail.example"]);

  await page.find("checkbox", "Team");
  await page.evaluate('document.querySelector("select").focus()');
  await page.type("Team");
  await page.until(says("New bookings go to Team."));
  await page.screenshot(join(pictures, "firefox.png"));

  await page.click("button", "Disconnect alice@gmail.example");
  await page.find("dialog", "Disconnect alice@gmail.example? Its events will no longer be seen here.");
  await page.click("button", "Cancel");
  await page.until(
    'document.activeElement.textContent === "Disconnect" && !document.querySelector("dialog")',
  );
  await page.click("button", "Disconnect alice@gmail.example");
  await page.click("button", "Disconnect");
  await page.until(says("alice@gmail.example is disconnected."));
  expect(accounts()).toEqual([]);

  await page.goto(`${demo.origin}/?mode=popup`);
  await page.evaluate("globalThis.isSamePage = true");
  await page.click("button", "Connect Office 365");
  const popup = await firefox.popup();
  await popup.click("button", "Allow");
  await firefox.popupsClosed();
  await page.until(says("Office 365 is connected."));
  expect(await page.evaluate("globalThis.isSamePage")).toBe(true);
  expect(accounts()).toEqual(["bob@outlook.example"]);
  expect(firefox.consoleErrors).toEqual([]);
});
