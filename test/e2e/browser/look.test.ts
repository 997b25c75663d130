import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { findProblems } from "./axe.js";
import { pictures, useDemo } from "./demo.js";

const test = useDemo();

const looks = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "phone", colorScheme: "light", viewport: { width: 375, height: 812 } },
  { name: "phone-dark", colorScheme: "dark", viewport: { width: 375, height: 812 } },
] as const;

beforeAll(() => mkdir(pictures, { recursive: true }));

describe.each(looks)("the demo: $name", ({ name, ...options }) => {
  it("every state is accessible, fits its screen and has its picture taken", async () => {
    const { demo, visitor } = test;
    // The policy of the page would not let axe in.
    const ada = await visitor({ ...options, bypassCSP: true });
    const { page } = ada;
    const picture = async (state: string): Promise<void> => {
      expect(await findProblems(page), `${state}: what axe found`).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `${state}: how much is too wide`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: join(pictures, `${name}-${state}.png`), fullPage: true });
    };

    await page.goto(demo.origin);
    await picture("0-sign-in");
    await ada.signIn("Ada Lovelace");
    await picture("1-nothing-connected");
    await ada.connect("Google Calendar");
    await picture("2-connected");
    await page.getByRole("button", { name: "Disconnect alice@gmail.example" }).click();
    await picture("3-confirm");
    await page.keyboard.press("Escape");
    await ada.connect("Office 365");
    await page.getByRole("button", { name: "Connect Apple Calendar" }).click();
    await ada.card("Apple Calendar").getByLabel("Apple Account").fill("dave@icloud.example");
    await ada.card("Apple Calendar").getByLabel("App-specific password").fill("wrong-app-pass");
    await page.keyboard.press("Enter");
    await ada.hears("Apple did not accept");
    await picture("4-apple-refused");
    await page.getByRole("button", { name: "Revoke access" }).click();
    await ada.card("Google Calendar").getByText("Needs reconnecting").waitFor();
    await picture("5-revoked");
    await page.getByRole("button", { name: "Kill a refresh" }).click();
    await ada.hears("The calendar service can’t be reached");
    await picture("6-unreachable");
  });
});
