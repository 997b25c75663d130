import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findProblems } from "./axe.js";
import { pictures, useDemo } from "./demo.js";
import type { Visitor } from "./visitor.js";

const context = useDemo();

/** The demo's buttons, by which Cal.com misbehaves, act on the user who is signed in. */
const press = ({ page }: Visitor, name: string): Promise<void> => page.getByRole("button", { name }).click();

async function expectLinkedAs({ calAccount }: Visitor, email: string): Promise<void> {
  await calAccount.getByText(`Linked as ${email}`, { exact: true }).waitFor();
}

/** The account of one of the people at Cal.com, and its calendars. */
function accountsOf(name: string): string[] {
  const { people, calendars } = context.demo.services.emulator!;
  const person = people.list().find((one) => one.name === name)!;
  return calendars.credentials(person.id).map(({ account }) => account);
}

describe("the user's own Cal.com account", () => {
  test("is linked with the account that the person chooses at Cal.com, and shown", async () => {
    const { ada, demo } = context;
    await ada.signIn("Ada Lovelace");
    await ada.calAccount.getByText("Not linked", { exact: true }).waitFor();
    await ada.link("Ada Lovelace");
    await expectLinkedAs(ada, "ada@cal.example");
    expect(ada.page.url(), "the result is removed from the URL").toBe(`${demo.origin}/`);
    // The server renders it as well, and announces nothing.
    await ada.page.reload();
    await expectLinkedAs(ada, "ada@cal.example");
    expect(await ada.page.getByRole("status").first().textContent()).toBe("");
    // The next calendar goes into this account, without Cal.com's page.
    await ada.connect("Google Calendar");
    expect(accountsOf("Ada Lovelace")).toEqual(["alice@gmail.example"]);
  });

  test("is not linked if the person says no at Cal.com, and can be linked then", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    await press(ada, "Link Your Cal.com account");
    await ada.answerAtCal("Ada Lovelace", "Go back");
    await ada.expectMessage("Nothing new was connected. Try again and allow access.");
    await ada.calAccount.getByText("Not linked", { exact: true }).waitFor();
    await ada.link("Ada Lovelace");
  });

  test("is not linked for another user who is signed in at the callback", async () => {
    const { ada, demo } = context;
    await ada.signIn("Ada Lovelace");
    await press(ada, "Link Your Cal.com account");
    await ada.page.getByRole("heading", { name: "Sign in to Cal.com" }).waitFor();
    await ada.switchTo("Grace Hopper");
    await ada.answerAtCal("Ada Lovelace");
    await ada.page.getByText("Grace Hopper").waitFor();
    await ada.expectMessage("This was started by another user");
    await ada.calAccount.getByText("Not linked", { exact: true }).waitFor();
    expect(demo.services.emulator!.count({ path: "/auth/oauth2/token" }), "the code was not exchanged").toBe(
      0,
    );
  });

  test("is not linked as a team; chosen as a person, it is", async () => {
    const { ada, demo } = context;
    const { people } = demo.services.emulator!;
    people.createTeam(people.list()[0]!.id, { name: "Engines" });
    await ada.signIn("Ada Lovelace");
    await press(ada, "Link Your Cal.com account");
    await ada.page.getByRole("heading", { name: "Sign in to Cal.com" }).waitFor();
    // Cal.com's page lets people choose a team if it is asked to.
    await ada.page.goto(`${ada.page.url()}&show_account_selector=true`);
    await ada.page.getByLabel("Ada Lovelace").check();
    await press(ada, "Sign in");
    await ada.page.getByLabel("Engines").check();
    await press(ada, "Allow");
    await ada.expectMessage("A team can’t be linked. Choose yourself at Cal.com.");
    await ada.calAccount.getByText("Not linked", { exact: true }).waitFor();
    await ada.link("Ada Lovelace");
  });

  test("is replaced by another one after a confirmation only", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    await ada.link("Ada Lovelace");
    await press(ada, "Take the consent away");
    await press(ada, "Link again");
    await ada.answerAtCal("Grace Hopper");
    await ada.expectMessage("Nothing was changed.");
    await expectLinkedAs(ada, "ada@cal.example");

    await press(ada, "Link anyway");
    const dialog = ada.page.getByRole("dialog", {
      name: "Link another Cal.com account in place of ada@cal.example?",
    });
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expectLinkedAs(ada, "ada@cal.example");
    await press(ada, "Link anyway");
    await dialog.getByRole("button", { name: "Link anyway" }).click();
    await ada.answerAtCal("Grace Hopper");
    await ada.expectMessage("Your Cal.com account is linked.");
    await expectLinkedAs(ada, "grace@cal.example");
  });

  test("that another user has linked is taken over after a confirmation only", async () => {
    const { ada, visitor } = context;
    await ada.signIn("Ada Lovelace");
    await ada.link("Ada Lovelace");
    await ada.connect("Google Calendar");
    const grace = await visitor();
    await grace.signIn("Grace Hopper");
    await press(grace, "Link Your Cal.com account");
    await grace.answerAtCal("Ada Lovelace");
    await grace.expectMessage("Nothing was changed.");
    await ada.page.reload();
    await expectLinkedAs(ada, "ada@cal.example");

    await press(grace, "Link anyway");
    await grace.page.getByRole("dialog").getByRole("button", { name: "Link anyway" }).click();
    await grace.answerAtCal("Ada Lovelace");
    await grace.expectMessage("Your Cal.com account is linked.");
    await expectLinkedAs(grace, "ada@cal.example");
    await grace.card("Google Calendar").getByText("Connected", { exact: true }).waitFor();
    await ada.page.reload();
    await ada.calAccount.getByText("Not linked", { exact: true }).waitFor();
    expect(await ada.page.getByText("alice@gmail.example").count()).toBe(0);
  });

  test("that another user has linked takes the place of the user's own one in one round", async () => {
    const { ada, visitor } = context;
    const grace = await visitor();
    await grace.signIn("Grace Hopper");
    await grace.link("Grace Hopper");
    await ada.signIn("Ada Lovelace");
    await ada.link("Ada Lovelace");
    await press(ada, "Take the consent away");
    await press(ada, "Link again");
    for (const question of ["in place of", "Its link to the other user ends."]) {
      await ada.answerAtCal("Grace Hopper");
      await ada.expectMessage("Nothing was changed.");
      await press(ada, "Link anyway");
      const dialog = ada.page.getByRole("dialog");
      expect(await dialog.textContent()).toContain(question);
      await dialog.getByRole("button", { name: "Link anyway" }).click();
    }
    await ada.answerAtCal("Grace Hopper");
    await ada.expectMessage("Your Cal.com account is linked.");
    await expectLinkedAs(ada, "grace@cal.example");
  });

  test("is unlinked after a confirmation, which changes nothing at Cal.com", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    await ada.link("Ada Lovelace");
    await ada.connect("Google Calendar");
    await press(ada, "Unlink");
    const dialog = ada.page.getByRole("dialog", { name: /^Unlink ada@cal\.example\?/ });
    await ada.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await expectLinkedAs(ada, "ada@cal.example");
    await press(ada, "Unlink");
    await dialog.getByRole("button", { name: "Unlink" }).click();
    await ada.expectMessage("Your Cal.com account is unlinked.");
    await ada.calAccount.getByText("Not linked", { exact: true }).waitFor();
    await expect
      .poll(() => ada.page.locator(":focus").getAttribute("data-provider"), { message: "the focus" })
      .toBe("cal");
    expect(accountsOf("Ada Lovelace")).toEqual(["alice@gmail.example"]);
  });

  test("is linked again with two clicks after a refresh was lost, and its calendars are still there", async () => {
    const { ada, demo } = context;
    const { emulator } = demo.services;
    await ada.signIn("Ada Lovelace");
    await ada.link("Ada Lovelace");
    await ada.connect("Google Calendar");
    await press(ada, "Lose the response of a refresh");
    await ada.expectMessage("The calendar service can’t be reached.");
    await ada.page.getByText("for a minute").waitFor();
    // After a minute the first request can no longer be running, so the refresh is sent once more: it is refused.
    emulator!.clock.advance(61_000);
    await press(ada, "Try again");
    await ada.calAccount.getByText("Link it again: your calendars").waitFor();

    let clicks = 0;
    const click = async (name: string): Promise<void> => {
      clicks += 1;
      await ada.page.getByRole("button", { name }).click();
    };
    await click("Link again");
    // Most people are signed in at Cal.com. The emulator asks who it is.
    await ada.page.getByLabel("Ada Lovelace").check();
    await press(ada, "Sign in");
    await click("Allow");
    await ada.expectMessage("Your Cal.com account is linked.");
    expect(clicks).toBe(2);
    await ada.card("Google Calendar").getByText("Connected", { exact: true }).waitFor();
    await ada.page.getByRole("checkbox", { name: "Team", exact: true }).waitFor();
    expect(accountsOf("Ada Lovelace")).toEqual(["alice@gmail.example"]);
  });

  test("takes the place of a managed user: the user moves over, and connects the calendars once more", async () => {
    const { ada, demo, calUserIdOfAda } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    await ada.calAccount.getByText("Not linked", { exact: true }).waitFor();
    await ada.link("Ada Lovelace");
    await expectLinkedAs(ada, "ada@cal.example");
    await ada.card("Google Calendar").getByText("Not connected", { exact: true }).waitFor();
    await ada.connect("Google Calendar");
    expect(accountsOf("Ada Lovelace")).toEqual(["alice@gmail.example"]);
    const left = demo.services.emulator!.calendars.credentials(calUserIdOfAda());
    expect(
      left.map(({ account }) => account),
      "the managed user keeps its own",
    ).toEqual(["alice@gmail.example"]);
  });
});

const looks = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "phone", colorScheme: "light", viewport: { width: 375, height: 812 } },
] as const;

beforeAll(() => mkdir(pictures, { recursive: true }));

describe.each(looks)("the row of the Cal.com account: $name", ({ name, ...options }) => {
  test("each state is accessible and fits the screen; screenshots are saved", async () => {
    const { demo, visitor } = context;
    // The Content-Security-Policy of the page would block axe.
    const ada = await visitor({ ...options, bypassCSP: true });
    const { page } = ada;
    const check = async (state: string): Promise<void> => {
      expect(await findProblems(page), `${state}: problems found by axe`).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `${state}: pixels wider than the screen`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: join(pictures, `link-${name}-${state}.png`), fullPage: true });
    };
    const grace = await visitor();
    await grace.signIn("Grace Hopper");
    await grace.link("Grace Hopper");

    await ada.signIn("Ada Lovelace");
    await check("0-not-linked");
    await press(ada, "Link Your Cal.com account");
    await ada.answerAtCal("Ada Lovelace", "Go back");
    await ada.expectMessage("Nothing new was connected.");
    await check("1-denied");
    await press(ada, "Link Your Cal.com account");
    await ada.answerAtCal("Grace Hopper");
    await ada.expectMessage("Another user here has linked this Cal.com account.");
    await check("2-linked-elsewhere");
    await press(ada, "Link anyway");
    await page.getByRole("dialog").waitFor();
    await check("3-confirm-take-over");
    await page.keyboard.press("Escape");
    await ada.link("Ada Lovelace");
    await ada.connect("Google Calendar");
    await check("4-linked");
    await press(ada, "Unlink");
    await page.getByRole("dialog").waitFor();
    await check("5-confirm-unlink");
    await page.keyboard.press("Escape");
    // Ten minutes before its end the token is refreshed in the background, in vain: it still works until then.
    const { oauth2, people, clock } = demo.services.emulator!;
    oauth2.revokeRefreshTokens(people.list().find(({ email }) => email.startsWith("ada"))!.id);
    clock.advance(22 * 60_000);
    await expect
      .poll(async () => {
        await page.reload();
        return ada.calAccount.textContent();
      })
      .toContain("Your calendars can be read until then.");
    await check("6-link-again-by-date");
    clock.advance(10 * 60_000);
    await page.reload();
    await ada.calAccount.getByText("your calendars can’t be read").waitFor();
    await check("7-link-again-now");
    await press(ada, "Link again");
    await ada.answerAtCal("Grace Hopper");
    await ada.expectMessage("This is not the Cal.com account that is linked.");
    await check("8-different-account");
    await press(ada, "Link anyway");
    await page.getByRole("dialog").waitFor();
    await check("9-confirm-replace");
  });
});
