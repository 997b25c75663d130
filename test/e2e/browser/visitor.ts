import type { BrowserContext, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import type { Demo } from "../../../examples/demo/start.js";

/** Somebody in front of a browser. */
export interface Visitor {
  page: Page;
  context: BrowserContext;
  /** Errors in the console, and exceptions nobody caught. */
  complaints: string[];
  signIn(name: "Ada Lovelace" | "Grace Hopper"): Promise<void>;
  /** A provider's card. */
  card(name: string): Locator;
  /** Presses Allow, or Deny, on the provider's page, where the browser is by now. */
  consent(decision: "Allow" | "Deny", account?: string): Promise<void>;
  /** From the button to the connected calendar. */
  connect(provider: "Google Calendar" | "Office 365", account?: string): Promise<void>;
  /** Waits until the live region says this. */
  hears(text: string): Promise<void>;
}

/** Opens a page, and watches its console. */
export async function meetVisitor({ origin }: Demo, context: BrowserContext): Promise<Visitor> {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  const isOwn = (url: string): boolean => url.startsWith(origin);

  // Of the application: what a refused request leaves in the console is the browser's note, not an error of the page.
  page.on("console", (message) => {
    const isNote = message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isNote) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  const visitor: Visitor = {
    page,
    context,
    complaints,
    async signIn(name) {
      await page.goto(origin);
      await page.getByRole("button", { name }).click();
      await page.getByRole("heading", { name: "Calendars", exact: true }).waitFor();
    },
    card: (name) => page.getByRole("listitem", { name, exact: true }),
    async consent(decision, account) {
      await page.getByRole("heading", { name: "Sign in to" }).waitFor();
      if (account !== undefined) await page.getByLabel(account).check();
      await page.getByRole("button", { name: decision }).click();
      await page.waitForURL((url) => isOwn(url.href));
    },
    async connect(provider, account) {
      await page.getByRole("button", { name: new RegExp(`^(Connect|Reconnect) ${provider}$`) }).click();
      await visitor.consent("Allow", account);
      await visitor.hears(`${provider} is connected.`);
    },
    async hears(text) {
      await expect
        .poll(
          () =>
            page.locator('.calbridge-root [role="status"], .calbridge-root [role="alert"]').allTextContents(),
          { timeout: 10_000 },
        )
        .toContainEqual(expect.stringContaining(text));
    },
  };
  return visitor;
}
