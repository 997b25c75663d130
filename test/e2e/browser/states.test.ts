import { build } from "esbuild";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProblems } from "./axe.js";
import { launchChromium } from "./chromium.js";
import { pictures } from "./demo.js";

let browser: Browser;
let html: string;

beforeAll(async () => {
  browser = await launchChromium();
  await mkdir(pictures, { recursive: true });
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "page/states.tsx")],
    bundle: true,
    format: "iife",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"development"' },
    write: false,
  });
  const css = await readFile(join(import.meta.dirname, "../../../src/react/public/react.css"), "utf8");
  html = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>States</title>
    <style>:root { color-scheme: light dark; font-family: system-ui, sans-serif } body { margin: 16px; background: Canvas } main { max-width: 44rem; margin: auto }</style>
    <style>${css}</style>
    <main><h1>Settings</h1><h2>Calendars</h2><div id="root"></div></main>
    <script>${outputFiles[0]?.text.replaceAll("</script", "<\\/script") ?? ""}</script></html>`;
});
afterAll(() => browser.close());

/** A page that can show every state, and the messages of its console. */
async function open(options: BrowserContextOptions): Promise<{ page: Page; messages: string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const messages: string[] = [];
  page.on("console", (message) => void messages.push(message.text()));
  page.on("pageerror", (error) => void messages.push(String(error)));
  await page.setContent(html);
  return { page, messages };
}

const namesOf = (page: Page): Promise<string[]> => page.evaluate<string[]>("states");
const show = (page: Page, name: string): Promise<unknown> => page.evaluate(`show(${JSON.stringify(name)})`);
const tooWide = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

const looks = [
  { name: "light", options: { colorScheme: "light", viewport: { width: 760, height: 700 } } },
  { name: "dark", options: { colorScheme: "dark", viewport: { width: 760, height: 700 } } },
  { name: "contrast", options: { forcedColors: "active", viewport: { width: 760, height: 700 } } },
  // As wide as a page of 640 pixels at 200 % zoom, or one of 1280 pixels at 400 %.
  { name: "narrow", options: { colorScheme: "light", viewport: { width: 320, height: 640 } } },
  { name: "rtl", options: { colorScheme: "light", viewport: { width: 360, height: 640 } } },
] as const;

describe("every state of the component", () => {
  test.each(looks)("each state is accessible and fits the screen: $name", async ({ name, options }) => {
    const { page, messages } = await open(options);
    if (name === "rtl") await page.evaluate(() => (document.documentElement.dir = "rtl"));
    for (const state of await namesOf(page)) {
      await show(page, state);
      if (state === "wrong-password") {
        await page.getByRole("button", { name: "Connect Apple Calendar" }).click();
        expect(await page.locator("[aria-invalid=true]").count()).toBe(2);
      }
      // axe finds the same for any width and direction.
      if (!["narrow", "rtl"].includes(name)) {
        expect(await findProblems(page), `${state}: problems found by axe`).toEqual([]);
      }
      expect(await tooWide(page), `${state}: pixels wider than the screen`).toBeLessThanOrEqual(0);
      const small = await page
        // A checkbox is as large as its label.
        .locator("button, input:not([type=checkbox]), select, summary, label:has(input[type=checkbox])")
        .evaluateAll((elements) =>
          elements
            .map((element) => element.getBoundingClientRect())
            .filter(({ width, height }) => width > 0 && Math.min(width, height) < 40),
        );
      expect(small, `${state}: targets smaller than 40 pixels`).toEqual([]);
      if (name === "light" || /^(long|revoked|two|many|refused)/.test(state)) {
        await page.screenshot({ path: join(pictures, `state-${state}-${name}.png`), fullPage: true });
      }
    }
    expect(messages).toEqual([]);
    await page.context().close();
  });

  // On a narrower screen the address of the linked account takes a second line.
  test.each([1280, 760, 375])(
    "nothing moves while the Cal.com account is loaded, linked and unlinked: %i pixels",
    async (width) => {
      const { page } = await open({ viewport: { width, height: 700 } });
      const places: Record<string, number> = {};
      for (const state of ["loading", "not-linked", "linking", "linked", "unlinking"]) {
        await page.evaluate(`show(${JSON.stringify(state)}, { keepsPlace: true })`);
        const card = page.getByRole("listitem", { name: "Google Calendar", exact: true });
        places[state] = (await card.boundingBox())!.y;
      }
      const place = places["loading"]!;
      expect(place).toBeGreaterThan(100);
      expect(places).toEqual(Object.fromEntries(Object.keys(places).map((state) => [state, place])));
      await page.context().close();
    },
  );

  test("with prefers-reduced-motion, nothing is animated", async () => {
    const { page } = await open({ reducedMotion: "reduce" });
    await show(page, "checking");
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    expect(await page.evaluate(() => document.getAnimations().length)).toBeGreaterThan(0);
    await page.context().close();
  });

  test("with 30 accounts and 1,020 calendars, one is opened, found and chosen", async () => {
    const { page, messages } = await open({ viewport: { width: 760, height: 900 } });
    await page.evaluate("showCrowd()");
    const checkboxes = page.getByRole("checkbox");
    await page.getByText("account-3@gmail.example", { exact: true }).last().click();
    await expect.poll(() => checkboxes.count()).toBe(34);
    await page.screenshot({ path: join(pictures, "crowd-opened.png") });

    await page.getByRole("searchbox", { name: "Find a calendar" }).fill("room 17.3");
    await page.getByText("Calendars found: 5").waitFor();
    expect(await checkboxes.count()).toBe(5);
    await page.getByRole("checkbox", { name: "Room 17.31" }).uncheck();
    await page.getByText("33 of 34").waitFor();

    const destination = page.getByLabel("New bookings go to");
    expect(await destination.locator("option").count()).toBe(1021);
    await destination.selectOption({ label: "Room 29.33" });
    await page.getByText("New bookings go to Room 29.33.").waitFor();
    await expect.poll(() => destination.locator("option:checked").textContent()).toBe("Room 29.33");
    expect(await findProblems(page)).toEqual([]);
    await page.screenshot({ path: join(pictures, "crowd-chosen.png") });
    expect(messages).toEqual([]);
    await page.context().close();
  });
});
