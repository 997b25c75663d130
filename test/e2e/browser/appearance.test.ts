import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findProblems } from "./axe.js";
import { pictures, useDemo } from "./demo.js";

const context = useDemo();

const looks = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "phone", colorScheme: "light", viewport: { width: 375, height: 812 } },
  { name: "phone-dark", colorScheme: "dark", viewport: { width: 375, height: 812 } },
  // 1280 pixels at 200 % zoom.
  { name: "zoom", deviceScaleFactor: 2, viewport: { width: 640, height: 450 } },
  { name: "rtl", viewport: { width: 1280, height: 900 } },
  { name: "contrast", forcedColors: "active", viewport: { width: 1280, height: 900 } },
] as const;

beforeAll(() => mkdir(pictures, { recursive: true }));

describe.each(looks)("the demo: $name", ({ name, ...options }) => {
  test("each state of the demo is accessible and fits the screen; screenshots are saved", async () => {
    const { demo, visitor } = context;
    // The Content-Security-Policy of the page would block axe.
    const ada = await visitor({ ...options, bypassCSP: true });
    const { page } = ada;
    if (name === "rtl") {
      await page.addInitScript(() =>
        addEventListener("DOMContentLoaded", () => (document.documentElement.dir = "rtl")),
      );
    }
    const check = async (state: string): Promise<void> => {
      expect(await findProblems(page), `${state}: problems found by axe`).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `${state}: pixels wider than the screen`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: join(pictures, `${name}-${state}.png`), fullPage: true });
    };

    await page.goto(demo.origin);
    await check("0-sign-in");
    await ada.signIn("Ada Lovelace");
    await check("1-nothing-connected");
    await ada.connect("Google Calendar");
    await check("2-connected");
    await page.getByRole("button", { name: "Disconnect alice@gmail.example" }).click();
    await check("3-confirm");
    await page.keyboard.press("Escape");
    await ada.connect("Office 365");
    await page.getByRole("button", { name: "Connect Apple Calendar" }).click();
    await ada.card("Apple Calendar").getByLabel("Apple Account").fill("dave@icloud.example");
    await ada.card("Apple Calendar").getByLabel("App-specific password").fill("wrong-app-pass");
    await page.keyboard.press("Enter");
    await ada.expectMessage("Apple did not accept");
    await check("4-apple-wrong-password");
    await page.getByRole("button", { name: "Revoke access" }).click();
    await ada.card("Google Calendar").getByText("Needs reconnecting").waitFor();
    await check("5-revoked");
    await page.getByRole("button", { name: "Lose the response of a refresh" }).click();
    await ada.expectMessage("The calendar service can’t be reached");
    await check("6-unreachable");
  });
});
