import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { pictures, useDemo } from "./demo.js";

const context = useDemo();
beforeAll(() => mkdir(pictures, { recursive: true }));

const emulator = () => context.demo.services.emulator!;
const accounts = () =>
  emulator()
    .calendars.credentials(context.calUserIdOfAda())
    .map(({ account }) => account);
const selected = () =>
  emulator()
    .calendars.selected(context.calUserIdOfAda())
    .map(({ externalId }) => externalId);

/** Presses Tab until an element has the focus, and returns what a screen reader would call it. */
async function tabTo(page: Page, wanted: RegExp): Promise<string> {
  const seen: string[] = [];
  for (let tabs = 0; tabs < 40; tabs += 1) {
    await page.keyboard.press("Tab");
    // A name with a colon is in quotes.
    const name = ((await page.locator(":focus").ariaSnapshot()).split("\n")[0] ?? "").replace(/^- '/, "- ");
    if (wanted.test(name)) return name;
    seen.push(name);
  }
  throw new Error(`The Tab key does not reach ${String(wanted)}, only ${seen.join(" | ")}`);
}

/**
 * Collects what the component's live regions get, on all pages of the tab: a screen reader reads it aloud. `role=alert`
 * interrupts it, `role=status` waits.
 */
async function listen(page: Page): Promise<string[]> {
  const said: string[] = [];
  await page.exposeFunction("say", (text: string) => void said.push(text));
  await page.addInitScript(() => {
    const { say } = globalThis as unknown as { say: (text: string) => void };
    new MutationObserver((changes) => {
      const regions = changes.map(({ target }) =>
        (target instanceof Element ? target : target.parentElement)?.closest(
          '.calbridge-root [role="status"], .calbridge-root [role="alert"]',
        ),
      );
      for (const region of new Set(regions)) {
        const text = region?.textContent.trim();
        if (text) say(`${region?.getAttribute("role") ?? ""}: ${text}`);
      }
    }).observe(document, { childList: true, characterData: true, subtree: true });
  });
  return said;
}

describe("two accounts of a provider", () => {
  test("a second account is added, with its own state and buttons, and bookings go where they went", async () => {
    const { ada } = context;
    const { page } = ada;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar", "alice@gmail.example");
    const destination = page.getByLabel("New bookings go to");
    await destination.selectOption("Team");
    await page.getByText("New bookings go to Team.").waitFor();

    await page.getByRole("button", { name: "Add another account Google Calendar" }).click();
    await ada.consent("Allow", "carol@gmail.example");
    await ada.expectMessage("Google Calendar is connected.");

    expect(accounts()).toEqual(["alice@gmail.example", "carol@gmail.example"]);
    const connectUrls = context.sent.filter(({ url }) => url.includes("/oauth-connect-url"));
    const prompts = connectUrls.map(({ text }) => /prompt=([\w%+]+)/.exec(text)?.[1] ?? "");
    expect(prompts.map((prompt) => prompt.includes("select_account"))).toEqual([false, true]);
    for (const account of accounts()) {
      await page.getByRole("button", { name: `Disconnect ${account}` }).waitFor();
    }
    expect(await destination.locator("option:checked").textContent()).toBe("Team");
    expect(
      await destination
        .locator("optgroup")
        .evaluateAll((groups) => groups.map((g) => g.getAttribute("label"))),
    ).toEqual(accounts());
    await page.screenshot({ path: join(pictures, "picker-two-accounts.png"), fullPage: true });
  });

  test("one that is revoked is reconnected; another account chosen by mistake is reported and not added", async () => {
    const { ada } = context;
    const { page } = ada;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar", "alice@gmail.example");
    await ada.connect("Google Calendar", "carol@gmail.example");
    emulator().provider.revoke({ userId: context.calUserIdOfAda(), account: "carol@gmail.example" });
    emulator().provider.addAccount("google", "mallory@gmail.example");
    await page.reload();

    await page.getByRole("button", { name: /^Reconnect / }).click();
    await ada.consent("Allow", "mallory@gmail.example");
    await ada.expectMessage("You chose another Google Calendar account.");
    expect(accounts()).not.toContain("mallory@gmail.example");
    expect(accounts()).toContain("alice@gmail.example");
    await page.getByRole("button", { name: "Disconnect alice@gmail.example" }).waitFor();
    await page.screenshot({ path: join(pictures, "picker-wrong-account.png"), fullPage: true });
  });
});

describe("the picker, by keyboard alone", () => {
  test("from sign-in to a chosen destination and a calendar that is no longer checked", async () => {
    const { ada, demo } = context;
    const { page } = ada;
    await page.goto(demo.origin);
    await tabTo(page, /^- button "Ada Lovelace/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Calendars", exact: true }).waitFor();
    await tabTo(page, /^- button "Connect Google Calendar"/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Sign in to" }).waitFor();
    await tabTo(page, /^- button "Allow"/);
    await page.keyboard.press("Enter");
    await ada.expectMessage("Google Calendar is connected.");

    await tabTo(page, /^- combobox "New bookings go to"/);
    // The arrow passes through the options, and typing the name goes straight to one.
    await page.keyboard.type("Team");
    await page.getByText("New bookings go to Team.").waitFor();
    const sent = emulator().count({ method: "PUT", path: /destination-calendars/ });
    expect(sent, "one change").toBe(1);

    const before = selected();
    expect(before.length).toBeGreaterThan(0);
    const first = await tabTo(page, /^- checkbox .*\[checked\]/);
    await page.keyboard.press("Space");
    await expect.poll(() => selected().length).toBe(before.length - 1);
    expect(await page.locator(":focus").isChecked(), first).toBe(false);
    expect(await page.locator(":focus").getAttribute("type"), "the focus stays").toBe("checkbox");
    await page.screenshot({ path: join(pictures, "picker-keyboard.png"), fullPage: true });
  });

  test("what a screen reader says on the way, in order", async () => {
    const { ada, demo } = context;
    const { page } = ada;
    const said = await listen(page);
    await page.goto(demo.origin);
    const reach = async (wanted: RegExp): Promise<void> => {
      said.push(`focus: ${await tabTo(page, wanted)}`);
    };
    await reach(/^- button "Ada Lovelace/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Calendars", exact: true }).waitFor();
    await reach(/^- button "Connect Google Calendar"/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Sign in to" }).waitFor();
    await reach(/^- button "Allow"/);
    await page.keyboard.press("Enter");
    await ada.expectMessage("Google Calendar is connected.");
    await expect.poll(() => said.at(-1)).toContain("Google Calendar is connected.");
    await reach(/^- combobox "New bookings go to"/);
    await page.keyboard.type("Team");
    await expect.poll(() => said.at(-1)).toContain("New bookings go to Team.");
    await reach(/^- checkbox /);
    const heard = said.map((line) => line.replace(/^focus: - (\w+) "([^"]*)".*$/, "focus: $2, $1"));
    expect(heard).toEqual([
      expect.stringMatching(/^focus: Ada Lovelace.*, button$/),
      "focus: Connect Google Calendar, button",
      "focus: Allow, button",
      "status: Google Calendar is connected.",
      "focus: New bookings go to, combobox",
      "status: New bookings go to Team.",
      "focus: alice@gmail.example, checkbox",
    ]);
  });

  test("a refusal of Cal.com is shown, and the checkbox is as before", async () => {
    const { ada } = context;
    const { page } = ada;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    const checkbox = page.getByRole("checkbox", { checked: true }).first();
    emulator().inject({ path: /selected-calendars/, effect: { status: 503 }, times: 10 });
    await checkbox.press("Space");
    await page.getByRole("alert").getByText("The calendar service can’t be reached").waitFor();
    expect(await checkbox.isChecked()).toBe(true);
  });
});

test("what a screen reader meets in the picker, in order", async () => {
  const { ada } = context;
  await ada.signIn("Ada Lovelace");
  await ada.connect("Google Calendar");
  const picker = ada.page.getByRole("region", { name: "Your calendars in bookings" });
  expect(await picker.ariaSnapshot()).toMatchInlineSnapshot(`
    "- region "Your calendars in bookings":
      - text: New bookings go to
      - combobox "New bookings go to"
      - status
      - alert
      - paragraph: They are written to this calendar.
      - heading "Checked for conflicts" [level=2]
      - paragraph: You are busy when one of these calendars is.
      - group:
        - text: alice@gmail.example 1 of 2
        - list "Checked for conflicts alice@gmail.example":
          - listitem:
            - checkbox "alice@gmail.example" [checked]
            - text: alice@gmail.example
          - listitem:
            - checkbox "Team"
            - text: Team"
  `);
});

test("the demo shows when the user is busy in the selected calendars", async () => {
  const { ada } = context;
  const { page } = ada;
  await ada.signIn("Ada Lovelace");
  const strip = page.getByRole("region", { name: "Busy this week" });
  await strip.getByText("Connect a calendar to see it here.").waitFor();
  await ada.connect("Google Calendar");
  await strip.getByText("Times in Europe/London").waitFor();
  const days = strip.getByRole("listitem");
  expect(await days.count()).toBe(7);
  await strip.getByText("All day").waitFor();
  await page.screenshot({ path: join(pictures, "busy-strip.png"), fullPage: true });
  for (const checkbox of await page.getByRole("checkbox", { checked: true }).all()) await checkbox.uncheck();
  await strip.getByText("Connect a calendar to see it here.").waitFor();
});
