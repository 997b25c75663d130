import type { BrowserContext, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import type { Demo } from "../../../examples/demo/start.js";

/** Someone with an account at the emulated Cal.com. */
type Person = "Ada Lovelace" | "Grace Hopper";

/** A user with a browser. */
export interface Visitor {
  page: Page;
  context: BrowserContext;
  /** Errors in the console, and uncaught exceptions. */
  consoleErrors: string[];
  signIn(name: Person): Promise<void>;
  /** Signs in as another user, in another tab of the same browser. */
  switchTo(name: Person): Promise<void>;
  /** A provider's card. */
  card(name: string): Locator;
  /** The row of the user's own Cal.com account. */
  calAccount: Locator;
  /** Signs in at Cal.com as one of its people, on its authorize page, which must be open, and answers the question. */
  answerAtCal(person: Person, decision?: "Allow" | "Go back"): Promise<void>;
  /** Links the visitor's own Cal.com account: presses the button, signs in and allows at Cal.com, and waits for the message. */
  link(person: Person): Promise<void>;
  /** Presses Allow or Deny on the provider's page, which must be open. */
  consent(decision: "Allow" | "Deny", account?: string): Promise<void>;
  /** Connects an account, the first one or another one: presses the button, consents and waits for the message. */
  connect(provider: "Google Calendar" | "Office 365", account?: string): Promise<void>;
  /** Waits until a live region contains this text. */
  expectMessage(text: string): Promise<void>;
}

/** Opens a page and records the errors of its console. */
export async function openVisitor({ origin }: Demo, context: BrowserContext): Promise<Visitor> {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const consoleErrors: string[] = [];
  const isOwn = (url: string): boolean => url.startsWith(origin);

  // Without the browser's own message about a request with an error status, which is expected. Of all windows.
  context.on("console", (message) => {
    const isFailedRequest = message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isFailedRequest) consoleErrors.push(message.text());
  });
  context.on("weberror", (error) => consoleErrors.push(String(error.error())));
  const visitor: Visitor = {
    page,
    context,
    consoleErrors,
    async signIn(name) {
      await page.goto(origin);
      await page.getByRole("button", { name }).click();
      await page.getByRole("heading", { name: "Calendars", exact: true }).waitFor();
    },
    async switchTo(name) {
      const other = await context.newPage();
      await other.goto(origin);
      await other.getByRole("button", { name: "Sign out" }).click();
      await other.getByRole("button", { name }).click();
      await other.getByRole("heading", { name: "Calendars", exact: true }).waitFor();
      await other.close();
    },
    card: (name) => page.getByRole("listitem", { name, exact: true }),
    calAccount: page.getByRole("listitem", { name: "Your Cal.com account", exact: true }),
    async answerAtCal(person, decision = "Allow") {
      await page.getByRole("heading", { name: "Sign in to Cal.com" }).waitFor();
      await page.getByLabel(person).check();
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("button", { name: decision }).click();
    },
    async link(person) {
      await visitor.calAccount.getByRole("button", { name: /^Link (again )?Your/ }).click();
      await visitor.answerAtCal(person);
      await visitor.expectMessage("Your Cal.com account is linked.");
    },
    async consent(decision, account) {
      await page.getByRole("heading", { name: "Sign in to" }).waitFor();
      if (account !== undefined) await page.getByLabel(account).check();
      await page.getByRole("button", { name: decision }).click();
      await page.waitForURL((url) => isOwn(url.href));
    },
    async connect(provider, account) {
      const button = (name: RegExp): Locator => visitor.card(provider).getByRole("button", { name });
      await button(/^(Connect|Reconnect) /)
        .or(button(/^Add another account /))
        .first()
        .click();
      await visitor.consent("Allow", account);
      await visitor.expectMessage(`${provider} is connected.`);
    },
    async expectMessage(text) {
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
