import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page, Response } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { findProblems } from "./axe.js";
import { pictures, useDemo } from "./demo.js";
import type { Visitor } from "./visitor.js";

const context = useDemo();
beforeAll(() => mkdir(pictures, { recursive: true }));

type Provider = "Google Calendar" | "Office 365";

/** Signs in, and opens the settings page whose consent pages open in windows of their own. */
async function openSettings(visitor: Visitor): Promise<void> {
  await visitor.signIn("Ada Lovelace");
  await visitor.page.goto(`${context.demo.origin}/?mode=popup`);
  // The page that a redirect returns to would not have it.
  await visitor.page.evaluate("globalThis.isSamePage = true");
}
const isSamePage = ({ page }: Visitor) => page.evaluate("globalThis.isSamePage === true");

/** Presses the button that connects a provider, and returns the window that it opens. */
async function openPopup({ page, card }: Visitor, provider: Provider): Promise<Page> {
  const [popup] = await Promise.all([
    page.waitForEvent("popup"),
    card(provider)
      .getByRole("button", { name: /^(Connect|Reconnect|Add another account) / })
      .click(),
  ]);
  await popup.getByRole("heading", { name: "Sign in to" }).waitFor();
  return popup;
}

/** Decides in a window, which then closes itself. */
async function decide(popup: Page, decision: "Allow" | "Deny"): Promise<void> {
  await Promise.all([popup.waitForEvent("close"), popup.getByRole("button", { name: decision }).click()]);
}

const alerts = ({ page }: Visitor) =>
  page
    .locator('[role="alert"]')
    .evaluateAll((all) => all.map(({ textContent }) => textContent).filter(Boolean));

describe("a consent page in a popup", () => {
  test("connects the account, closes itself, and the page stays as it is", async () => {
    const { ada, demo } = context;
    await openSettings(ada);
    const popup = await openPopup(ada, "Google Calendar");
    expect(await popup.evaluate("window.opener"), "the provider can't navigate the page").toBeNull();
    await decide(popup, "Allow");
    await ada.expectMessage("Google Calendar is connected.");
    await ada.page.getByRole("button", { name: "Disconnect alice@gmail.example" }).waitFor();
    expect(await isSamePage(ada)).toBe(true);
    expect(ada.page.url()).toBe(`${demo.origin}/?mode=popup`);
  });

  test("reports that access was denied", async () => {
    const { ada } = context;
    await openSettings(ada);
    await decide(await openPopup(ada, "Google Calendar"), "Deny");
    await ada.expectMessage("Nothing new was connected.");
    expect(await isSamePage(ada)).toBe(true);
  });

  test("that the browser blocks becomes a redirect", async () => {
    const { ada, demo } = context;
    // Chromium opens no window for a sandboxed page that may not open any.
    await ada.context.route(`${demo.origin}/?mode=popup`, async (route) => {
      const response = await route.fetch();
      const policy = "sandbox allow-scripts allow-same-origin allow-forms";
      const headers = {
        ...response.headers(),
        "content-security-policy": `${response.headers()["content-security-policy"] ?? ""}, ${policy}`,
      };
      await route.fulfill({ response, headers });
    });
    await openSettings(ada);
    await ada.card("Google Calendar").getByRole("button", { name: "Connect Google Calendar" }).click();
    await ada.consent("Allow");
    await ada.expectMessage("Google Calendar is connected.");
    expect(ada.context.pages(), "no window").toHaveLength(1);
    expect(await isSamePage(ada)).toBe(false);
    ada.consoleErrors.splice(0).forEach((error) => expect(error).toMatch(/Blocked opening|sandbox/));
  });

  test("that the user closes leaves no message, and can be opened again", async () => {
    const { ada } = context;
    await openSettings(ada);
    const popup = await openPopup(ada, "Google Calendar");
    await ada.card("Google Calendar").getByText("Connecting…").first().waitFor();
    await popup.close();
    await ada.page.bringToFront();
    await ada.card("Google Calendar").getByText("Not connected", { exact: true }).waitFor();
    expect(await alerts(ada)).toEqual([]);
    await decide(await openPopup(ada, "Google Calendar"), "Allow");
    await ada.expectMessage("Google Calendar is connected.");
  });

  test("two at once end in any order, each with its own account", async () => {
    const { ada } = context;
    await openSettings(ada);
    const google = await openPopup(ada, "Google Calendar");
    await ada.page.bringToFront();
    const office = await openPopup(ada, "Office 365");
    await decide(office, "Allow");
    await ada.expectMessage("Office 365 is connected.");
    await ada.card("Google Calendar").getByText("Connecting…").first().waitFor();
    await decide(google, "Allow");
    await ada.expectMessage("Google Calendar is connected.");
    const providers = context.demo.services
      .emulator!.calendars.credentials(context.calUserIdOfAda())
      .map(({ account }) => account);
    expect(providers.sort()).toEqual(["alice@gmail.example", "bob@outlook.example"]);
  });

  test("works if the provider's page cuts the connection to the window that has opened it", async () => {
    const { ada, demo } = context;
    await ada.context.route(
      (url) => url.origin !== demo.origin,
      async (route) => {
        if (route.request().resourceType() !== "document") return route.continue();
        const response = await route.fetch({ maxRedirects: 0 });
        const headers = { ...response.headers(), "cross-origin-opener-policy": "same-origin" };
        return route.fulfill({ response, headers });
      },
    );
    await openSettings(ada);
    const responses: Response[] = [];
    ada.context.on("response", (response) => void responses.push(response));
    const popup = await openPopup(ada, "Google Calendar");
    const isCut = responses.some(
      (response) => response.headers()["cross-origin-opener-policy"] === "same-origin",
    );
    expect(isCut, "the provider's page has the policy").toBe(true);
    await decide(popup, "Allow");
    await ada.expectMessage("Google Calendar is connected.");
    expect(await isSamePage(ada)).toBe(true);
  });

  test("connects nothing if another user is signed in at its end", async () => {
    const { ada, demo, calUserIdOfAda } = context;
    await openSettings(ada);
    const popup = await openPopup(ada, "Google Calendar");
    await ada.switchTo("Grace Hopper");
    await decide(popup, "Allow");
    await ada.expectMessage("This was started by another user");
    expect(demo.services.emulator?.calendars.credentials(calUserIdOfAda())).toEqual([]);
  });
});

test.each(["light", "dark"] as const)(
  "the page at the end of a popup, where a browser leaves it open: accessible, and leads back ($0)",
  async (colorScheme) => {
    // The policy of the page would block axe.
    const ada = await context.visitor({ colorScheme, bypassCSP: true });
    await ada.context.addInitScript("window.close = () => undefined");
    await openSettings(ada);
    const popup = await openPopup(ada, "Google Calendar");
    await popup.getByRole("button", { name: "Allow" }).click();
    await popup.getByText("You can close this window").waitFor();
    await ada.expectMessage("Google Calendar is connected.");
    // axe takes the background for white, also where the browser's own colours are dark.
    if (colorScheme === "light") expect(await findProblems(popup)).toEqual([]);
    await popup.screenshot({ path: join(pictures, `popup-end-${colorScheme}.png`) });
    await popup.getByRole("link").click();
    await popup.getByText("Google Calendar is connected.").waitFor();
  },
);
