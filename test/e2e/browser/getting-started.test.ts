import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../support/free-port.js";
import { codeBlocks, readPages, type CodeBlock } from "../../support/markdown.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { launchChromium } from "./chromium.js";
import { createNewApplication, type NewApplication } from "./new-application.js";

// Follows docs/getting-started.md step by step in a real browser. Only the ports and the URL of the database differ.

const readme = readPages().find(({ path }) => path === "README.md")!;
const page = readPages().find(({ path }) => path === "docs/getting-started.md")!;
const [emulatorPort, appPort] = [await freePort(), await freePort()];
let database: TestDatabase;
let application: NewApplication;
let browser: Browser;

// Run after the tests, the last one first.
const cleanups: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createDatabase();
  cleanups.unshift(() => database.drop());
  browser = await launchChromium();
  cleanups.unshift(() => browser.close());
  const framework = [
    "next@16",
    "react@19",
    "react-dom@19",
    "typescript@5",
    "@types/react@19",
    "@types/node@20",
  ];
  application = await createNewApplication([...framework, "@libsql/client", "pg", "@types/pg"]);
  cleanups.unshift(() => application.remove());
}, 600_000);

afterAll(async () => {
  for (const cleanUp of cleanups) await cleanUp();
});

/** The kinds of clients, whose settings differ. */
type Kind = "OAuth 2" | "managed users";

/** The files to write and the commands to run between two headings, in order. */
function stepsOf(from: string, to: string, kind: Kind = "managed users"): CodeBlock[] {
  const [start, end] = [from, to].map((heading) => page.text.split("\n").indexOf(heading));
  expect([start, end], `headings ${from} and ${to}`).not.toContain(-1);
  const between = codeBlocks(page).filter(({ line }) => line > start! && line < end!);
  const isOfKind = ({ file, code }: CodeBlock): boolean =>
    file !== ".env.local" || code.includes("CAL_OAUTH_CLIENT_ID") === (kind === "OAuth 2");
  return between.filter((block) => (block.isRun || block.file !== undefined) && isOfKind(block));
}

async function follow(steps: CodeBlock[]): Promise<string> {
  let output = "";
  for (const { file, code } of steps) {
    const text = code
      .replaceAll(":4010/", `:${emulatorPort}/`)
      .replaceAll("//localhost:3000", `//localhost:${appPort}`)
      .replaceAll("postgresql://postgres:postgres@127.0.0.1:5432/postgres", database.url);
    if (file === undefined) output += await application.shell(text);
    else await application.write(file, text);
  }
  return output;
}

const dev = `npm run dev -- --port ${appPort}`;

/** As the page says for another port than 3000. */
const startEmulator = () =>
  application.start(
    `npx calbridge emulator --port ${emulatorPort} --oauth-redirect-uris http://localhost:${appPort}/api/cal/oauth/callback`,
    `runs at http://127.0.0.1:${emulatorPort}/v2`,
  );

async function openSettings(colorScheme: "light" | "dark"): Promise<Page> {
  const context = await browser.newContext({ colorScheme });
  const opened = await context.newPage();
  opened.setDefaultTimeout(30_000);
  await opened.goto(`http://localhost:${appPort}/settings/calendars`);
  return opened;
}

const cardColour = (opened: Page): Promise<string> =>
  opened
    .getByRole("listitem", { name: "Google Calendar" })
    .evaluate((card) => getComputedStyle(card).backgroundColor);

/** Reloads the page, waits for the response of the handlers, and returns the text of the page. */
async function textOf(opened: Page): Promise<string> {
  await opened.goto(`http://localhost:${appPort}/settings/calendars`);
  await opened.getByText("One moment…").first().waitFor({ state: "detached" });
  return opened.locator("main").innerText();
}

test("the readme's quick start connects a calendar", async () => {
  await follow(codeBlocks(readme).filter(({ file }) => file !== undefined));
  const emulator = await startEmulator();
  const server = await application.start(dev, "Ready in");
  const opened = await (await browser.newContext()).newPage();
  opened.setDefaultTimeout(30_000);
  await opened.goto(`http://localhost:${appPort}/settings`);
  await opened.getByRole("button", { name: "Connect Google Calendar" }).click();
  await opened.getByRole("button", { name: "Allow" }).click();
  await opened.getByText("Google Calendar is connected.").waitFor();
  await opened.getByText("alice@gmail.example").first().waitFor();
  await server.stop();
  await emulator.stop();
}, 120_000);

test("connects a calendar after step 3, keeps it in a file after step 6, and in Postgres after step 7", async () => {
  await follow(stepsOf("## 2. Four files", "## 3. Connect a calendar"));
  const emulator = await startEmulator();
  const first = await application.start(dev, "Ready in");

  const opened = await openSettings("light");
  await expect
    .poll(() => opened.getByText("Not connected", { exact: true }).count(), { timeout: 30_000 })
    .toBe(3);
  expect(await cardColour(opened), "a card is white").toBe("rgb(255, 255, 255)");
  await opened.getByRole("button", { name: "Connect Google Calendar" }).click();
  await opened.getByRole("button", { name: "Allow" }).click();
  await opened.getByText("Google Calendar is connected.").waitFor();
  await opened.getByText("alice@gmail.example").first().waitFor();
  const dark = await openSettings("dark");
  await dark.getByText("alice@gmail.example").first().waitFor();
  expect(await cardColour(dark), "a card is dark").toBe("rgb(27, 30, 37)");

  // After an edit, the new code is used at once, and the connection remains.
  const [calendar] = stepsOf("## 2. Four files", "## 3. Connect a calendar").filter(
    ({ file }) => file === "lib/calendar.ts",
  );
  await application.write(
    calendar!.file!,
    calendar!.code.replace(/authenticate: .*/, "authenticate: () => null,"),
  );
  await expect.poll(() => textOf(dark), { timeout: 30_000 }).toContain("You are signed out.");
  await application.write(calendar!.file!, calendar!.code);
  await expect.poll(() => textOf(dark), { timeout: 30_000 }).toContain("alice@gmail.example");
  await first.stop();

  await follow(stepsOf("## 6. A database, and encrypted tokens", "## 7. Postgres"));
  const withFile = await application.start(dev, "Ready in");
  const saved = await openSettings("light");
  await saved.getByRole("button", { name: "Connect Office 365" }).click();
  await saved.getByRole("button", { name: "Allow" }).click();
  await saved.getByText("Office 365 is connected.").waitFor();
  await saved.getByText("alice@gmail.example").first().waitFor();
  await withFile.stop();
  const restarted = await application.start(dev, "Ready in");
  await expect.poll(() => textOf(saved), { timeout: 30_000 }).toContain("alice@gmail.example");
  await restarted.stop();
  const inFile = await application.shell("strings calendar.db calendar.db-wal 2>/dev/null || true");
  expect(inFile).toContain("user-1");
  expect(inFile).toMatch(/eyJ[\w-]+\.\./);

  const output = await follow(stepsOf("## 7. Postgres", "## Going live"));
  expect(output).toContain("The table is there.");
  const second = await application.start(dev, "Ready in");
  const again = await openSettings("light");
  await again.getByRole("button", { name: "Connect Apple Calendar" }).click();
  await again.getByLabel("Apple Account").fill("dave@icloud.example");
  await again.getByLabel("App-specific password").fill("good-app-pass");
  await again.getByLabel("App-specific password").press("Enter");
  await again.getByText("Apple Calendar is connected.").waitFor();
  const { rows } = await database.pool.query(
    'SELECT "userUlid", "calAccessToken" FROM "CalendarIntegration"',
  );
  expect(rows).toEqual([{ userUlid: "user-1", calAccessToken: expect.stringMatching(/^eyJ[\w-]+\.\./) }]);

  const [doctor] = codeBlocks(page, ["sh"]).filter(({ code }) => code.includes("doctor"));
  const findings = await application.shell(doctor!.code);
  expect(findings).toContain("Nothing is wrong.");
  expect(findings).toContain("The stored tokens can be decrypted with the keys.");
  await second.stop();
  await emulator.stop();
}, 360_000);

test("with OAuth 2: connects a calendar in the user's own Cal.com account after step 3, and keeps it in a file after step 6", async () => {
  let since = Date.now();
  const log = (step: string): void => {
    process.stdout.write(
      `getting started, OAuth 2: ${step} took ${((Date.now() - since) / 1000).toFixed(1)} s\n`,
    );
    since = Date.now();
  };
  // Two paths are followed in one folder. Before it changes kinds, the page has the reader delete this.
  await application.shell("rm -f calendar.db*");
  await follow(stepsOf("## 2. Four files", "## 3. Connect a calendar", "OAuth 2"));
  log("writing the files");
  const emulator = await startEmulator();
  const first = await application.start(dev, "Ready in");
  log("starting the emulator and the application");

  /** The emulator's form of Cal.com's page, as the page describes it. */
  const allowAtCal = async (opened: Page): Promise<void> => {
    await opened.getByLabel("Ada Lovelace").check();
    await opened.getByRole("button", { name: "Sign in" }).click();
    await opened.getByRole("button", { name: "Allow" }).click();
  };
  const opened = await openSettings("light");
  // The first request compiles the page and the routes, which takes long on a busy machine.
  await opened.getByText("Not linked", { exact: true }).waitFor({ timeout: 120_000 });
  log("the first page");
  await opened.getByRole("button", { name: "Connect Google Calendar" }).click();
  await allowAtCal(opened);
  await opened.getByRole("heading", { name: "Sign in to Google" }).waitFor();
  await opened.getByRole("button", { name: "Allow" }).click();
  await opened.getByText("Google Calendar is connected.").waitFor();
  await opened.getByText("alice@gmail.example").first().waitFor();
  await opened.getByRole("checkbox", { name: "Team" }).waitFor();
  await opened.getByText("Linked as ada@cal.example").waitFor();
  log("connecting a calendar");
  await first.stop();

  const [doctor] = codeBlocks(page, ["sh"]).filter(({ code }) => code.includes("doctor"));
  expect(await application.shell(doctor!.code)).toContain("Nothing is wrong.");
  log("the doctor");

  await follow(stepsOf("## 6. A database, and encrypted tokens", "## 7. Postgres", "OAuth 2"));
  const withFile = await application.start(dev, "Ready in");
  const saved = await openSettings("light");
  await saved.getByRole("button", { name: "Connect Office 365" }).click();
  await allowAtCal(saved);
  await saved.getByRole("heading", { name: "Sign in to Microsoft" }).waitFor();
  await saved.getByRole("button", { name: "Allow" }).click();
  await saved.getByText("Office 365 is connected.").waitFor();
  await saved.getByText("alice@gmail.example").first().waitFor();
  await withFile.stop();
  const restarted = await application.start(dev, "Ready in");
  await expect.poll(() => textOf(saved), { timeout: 30_000 }).toContain("alice@gmail.example");
  expect(await textOf(saved)).toContain("Linked as ada@cal.example");
  log("the database");
  await restarted.stop();
  await emulator.stop();
}, 360_000);
