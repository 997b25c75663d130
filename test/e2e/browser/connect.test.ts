import { describe, expect, test } from "vitest";
import { useDemo } from "./demo.js";

const context = useDemo();

describe("connecting", () => {
  test.each([
    { provider: "Google Calendar", account: "alice@gmail.example", calendar: "Team" },
    { provider: "Office 365", account: "bob@outlook.example", calendar: "Birthdays" },
  ] as const)("a user connects $provider on its consent page", async ({ provider, account, calendar }) => {
    const { ada, demo } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect(provider, account);

    const card = ada.card(provider);
    await card.getByText("Connected", { exact: true }).waitFor();
    await ada.page.getByRole("checkbox", { name: calendar, exact: true }).waitFor();
    expect(await card.getByRole("button", { name: `Disconnect ${account}` }).count()).toBe(1);
    expect(ada.page.url(), "the result is removed from the URL").toBe(`${demo.origin}/`);

    // The one response that must contain a secret. It shows that the search for secrets works.
    const connectUrl = context.sent.filter(({ url }) => url.includes("/oauth-connect-url"));
    const { accessTokens } = demo.services.emulator!.users.tokens(context.calUserIdOfAda());
    expect(accessTokens.some((token) => connectUrl.some(({ text }) => text.includes(token)))).toBe(true);

    // The server renders the connection as well.
    await ada.page.reload();
    await card.getByText("Connected", { exact: true }).waitFor();
    expect(await ada.page.getByRole("status").first().textContent()).toBe("");
  });

  test("a message says that nothing is connected after the user denied access", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    await ada.page.getByRole("button", { name: "Connect Google Calendar" }).click();
    await ada.consent("Deny");
    await ada.expectMessage("Nothing new was connected. Try again and allow access");
    await ada.card("Google Calendar").getByText("Not connected", { exact: true }).waitFor();
  });

  test("nothing is connected if another user is signed in at the callback", async () => {
    const { ada, calUserIdOfAda, demo } = context;
    await ada.signIn("Ada Lovelace");
    await ada.page.getByRole("button", { name: "Connect Google Calendar" }).click();
    await ada.page.getByRole("heading", { name: "Sign in to Google" }).waitFor();
    await ada.switchTo("Grace Hopper");
    await ada.consent("Allow");
    await ada.page.getByText("Grace Hopper").waitFor();
    await ada.expectMessage("This was started by another user");
    expect(demo.services.emulator?.calendars.credentials(calUserIdOfAda())).toEqual([]);
  });

  test("the Connect button works again after the user pressed Back on the consent page", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    const button = ada.page.getByRole("button", { name: "Connect Google Calendar" });
    await button.click();
    await ada.page.getByRole("heading", { name: "Sign in to Google" }).waitFor();
    await ada.page.goBack();
    await button.waitFor();
    await expect.poll(() => button.getAttribute("aria-disabled")).toBe("false");
    await ada.connect("Google Calendar");
  });

  test("calendars can be connected and disconnected with the keyboard", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    const { page } = ada;
    const press = async (name: string): Promise<void> => {
      for (let tabs = 0; tabs < 25; tabs += 1) {
        await page.keyboard.press("Tab");
        const at = page.locator(":focus");
        const label = await at.evaluate((element) =>
          (element.getAttribute("aria-labelledby") ?? "")
            .split(" ")
            .map((id) => document.getElementById(id)?.textContent ?? "")
            .join(" "),
        );
        if (label === name) return page.keyboard.press("Enter");
      }
      throw new Error(`The Tab key does not reach "${name}".`);
    };
    await press("Connect Google Calendar");
    await ada.consent("Allow");
    await ada.expectMessage("Google Calendar is connected.");

    await press("Disconnect alice@gmail.example");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    const focused = page.locator(":focus");
    expect(await focused.textContent(), "the focus returns to the button").toBe("Disconnect");

    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await ada.expectMessage("alice@gmail.example is disconnected.");
    await expect.poll(() => focused.getAttribute("data-provider")).toBe("google");
  });
});
