import { build } from "esbuild";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { createSchema } from "../../../src/stores/postgres/postgres-token-store.js";
import { root } from "../../support/markdown.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { findProblems } from "./axe.js";
import { launchChromium } from "./chromium.js";
import { pictures } from "./demo.js";

// The page of the Express example, which uses calbridge/browser without a framework.

let browser: Browser;
let emulator: CalEmulator;
let calCom: Awaited<ReturnType<CalEmulator["listen"]>>;
let database: TestDatabase;
let server: Server;
let origin: string;
const pageErrors: string[] = [];

beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  browser = await launchChromium();
  emulator = createCalEmulator();
  calCom = await emulator.listen({ host: "localhost" });
  database = await createDatabase();
  await createSchema(database.pool);
  server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const env = {
    CAL_CLIENT_ID: emulator.clientId,
    CAL_CLIENT_SECRET: emulator.clientSecret,
    CAL_API_URL: calCom.url,
    CAL_STATE_SECRET: randomBytes(32).toString("base64"),
    CAL_TOKEN_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString("base64")}`,
    DATABASE_URL: database.url,
    APP_URL: origin,
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  server.on("request", await listener());
});
afterEach(() => expect(pageErrors, "errors in the page").toEqual([]));
afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
  await calCom.close();
  await database.drop();
});

/** The example's application and its page's scripts, with the sources of calbridge in place of the installed package. */
async function listener(): Promise<RequestListener> {
  const example = join(root, "examples/express");
  const outfile = join(root, "coverage/express/src/app.mjs");
  const shared = { bundle: true, format: "esm", tsconfig: join(root, "tsconfig.json") } as const;
  const entryPoints = [join(example, "src/app.ts")];
  await build({ ...shared, entryPoints, packages: "external", platform: "node", outfile });
  const module = await build({ ...shared, entryPoints: [join(root, "src/browser/index.ts")], write: false });
  const scripts: Record<string, string | undefined> = {
    "/calbridge/browser.js": module.outputFiles[0]?.text,
    "/settings.js": await readFile(join(example, "public/settings.js"), "utf8"),
  };
  const { createApp } = (await import(pathToFileURL(outfile).href)) as { createApp: () => RequestListener };
  const handle = createApp();
  return (request, response) => {
    const script = scripts[request.url ?? ""];
    if (script === undefined) handle(request, response);
    else response.setHeader("content-type", "text/javascript").end(script);
  };
}

async function open(): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => void pageErrors.push(String(error)));
  await page.goto(origin);
  await page.getByRole("button", { name: "Ada Lovelace" }).click();
  return page;
}

test("the Express example without a framework: two accounts, conflicts, destination, disconnect", async () => {
  const page = await open();
  await page.getByText("No calendar is connected.").waitFor();
  const connect = async (account: string): Promise<void> => {
    await page.getByRole("button", { name: "Connect Google Calendar" }).click();
    await page.getByLabel(account).check();
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByRole("status").getByText("Connected.").waitFor();
  };
  await connect("alice@gmail.example");
  await connect("carol@gmail.example");
  expect(page.url(), "the result is removed from the address").toBe(`${origin}/settings`);
  expect(await page.getByRole("listitem").count()).toBe(2);
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await findProblems(page), `${colorScheme}: problems found by axe`).toEqual([]);
    await page.screenshot({ path: join(pictures, `plain-html-${colorScheme}.png`), fullPage: true });
  }

  const userId = emulator.users.list()[0]!.id;
  const team = page
    .getByRole("group", { name: "Checked for conflicts: carol@gmail.example" })
    .getByRole("checkbox", { name: "Team" });
  const wasChecked = await team.isChecked();
  const before = emulator.calendars.selected(userId).length;
  await team.press("Space");
  await expect.poll(() => emulator.calendars.selected(userId).length).toBe(before + (wasChecked ? -1 : 1));
  expect(await page.evaluate(() => document.activeElement?.id), "the focus stays").toMatch(/^calendar-/);

  const destination = page.getByLabel("New bookings go to");
  await destination.focus();
  // From the first to the last: the arrow passes through the others.
  const options = await destination.locator("option").count();
  for (let n = 0; n < options; n += 1) await page.keyboard.press("ArrowDown");
  const chosen = await destination.locator("option:checked").textContent();
  await expect.poll(() => emulator.count({ method: "PUT", path: /destination-calendars/ })).toBe(1);
  await expect.poll(() => destination.locator("option[selected]").textContent()).toBe(chosen);
  expect(emulator.count({ method: "PUT", path: /destination-calendars/ }), "one change").toBe(1);

  const disconnect = page.getByRole("button", { name: "Disconnect alice@gmail.example" });
  page.once("dialog", (dialog) => void dialog.dismiss());
  await disconnect.click();
  expect(await page.getByRole("list", { name: "Connected accounts" }).getByRole("listitem").count()).toBe(2);
  page.once("dialog", (dialog) => void dialog.accept());
  await disconnect.click();
  await expect.poll(() => page.getByRole("listitem").count()).toBe(1);
  expect(await page.evaluate(() => document.activeElement?.id), "the focus is not lost").toBe("accounts");
  expect(emulator.calendars.credentials(userId).map(({ account }) => account)).toEqual([
    "carol@gmail.example",
  ]);
  await page.context().close();
});

test("the Express example says what went wrong", async () => {
  const page = await open();
  await page.getByRole("button", { name: "Connect Office 365" }).click();
  await page.getByRole("button", { name: "Deny" }).click();
  await page.getByRole("alert").getByText("Nothing was connected.").waitFor();
  await page.context().close();
});
