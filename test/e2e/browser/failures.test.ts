import { describe, expect, test } from "vitest";
import { useDemo } from "./demo.js";

const context = useDemo();

describe("failures", () => {
  test("an access token that expires while the page is open is refreshed once", async () => {
    const { ada, demo } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    await ada.page.getByRole("button", { name: "Let the token expire" }).click();
    const feed = ada.page.getByRole("list", { name: "Events" });
    await feed.getByText("refreshed", { exact: true }).waitFor();

    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).click();
    await ada.expectMessage("Google Calendar works.");
    const outcomes = demo.services.feed.entries().filter(({ kind }) => kind === "tokens");
    expect(outcomes.filter(({ outcome }) => outcome === "refreshed")).toHaveLength(1);
  });

  test("after the response of a refresh is lost, the tokens are recovered", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    await ada.page.getByRole("button", { name: "Lose the response of a refresh" }).click();
    await ada.expectMessage("The calendar service can’t be reached.");
    // The page keeps its content.
    await ada.page.getByRole("checkbox", { name: "Team", exact: true }).waitFor();

    const { page } = ada;
    expect(await page.getByRole("status").first().textContent(), "there is no message of a success").toBe("");
    await page.getByRole("button", { name: "Try again" }).press("Enter");
    const feed = ada.page.getByRole("list", { name: "Events" });
    await feed.getByText("recovered", { exact: true }).waitFor();
    await ada.card("Google Calendar").getByText("Connected", { exact: true }).waitFor();
    await expect.poll(() => page.getByRole("button", { name: "Try again" }).count()).toBe(0);
    expect(await page.locator(":focus").getAttribute("aria-label"), "the focused element").toBe("Calendars");
    await page.getByText("Handled: Cal.com issued new tokens").waitFor();
  });

  test("a calendar can be reconnected after the user revoked access at the provider", async () => {
    const { ada, calUserIdOfAda, demo } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    const card = ada.card("Google Calendar");
    await ada.page.getByRole("button", { name: "Revoke access at the provider" }).click();
    await card.getByText("Needs reconnecting").waitFor();

    await ada.page.getByRole("button", { name: /^Reconnect / }).click();
    await ada.consent("Allow");
    await ada.expectMessage("The old, revoked connection is removed. Connect Google Calendar once more.");
    await ada.connect("Google Calendar");
    await card.getByText("Connected", { exact: true }).waitFor();
    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).click();
    await ada.expectMessage("Google Calendar works.");
    expect(demo.services.emulator?.calendars.credentials(calUserIdOfAda())).toHaveLength(1);
  });

  test("a check finds a broken connection that the list shows as connected", async () => {
    const { ada, calUserIdOfAda, demo } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Office 365");
    demo.services.emulator?.calendars.invalidate({ userId: calUserIdOfAda() });
    await ada.page.getByRole("button", { name: "Check now Office 365" }).click();
    await ada.expectMessage("Office 365 no longer gives access. Reconnect it.");
    await ada.card("Office 365").getByText("Needs reconnecting").waitFor();
    await ada.connect("Office 365");
  });

  test("a connection is disconnected after the user confirms it", async () => {
    const { ada, calUserIdOfAda, demo } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    const disconnect = ada.page.getByRole("button", { name: "Disconnect alice@gmail.example" });
    await disconnect.click();
    const dialog = ada.page.getByRole("dialog", { name: "Disconnect alice@gmail.example?" });
    await dialog.getByRole("button", { name: "Cancel" }).click();
    expect(demo.services.emulator?.calendars.credentials(calUserIdOfAda())).toHaveLength(1);

    await disconnect.click();
    await dialog.getByRole("button", { name: "Disconnect" }).click();
    await ada.expectMessage("alice@gmail.example is disconnected.");
    await ada.card("Google Calendar").getByText("Not connected", { exact: true }).waitFor();
    expect(demo.services.emulator?.calendars.credentials(calUserIdOfAda())).toEqual([]);
  });

  test("a double click during a slow check starts one check", async () => {
    const { ada, demo } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    demo.services.emulator?.inject({ path: /check$/, effect: { delayMs: 1500 } });
    const button = ada.card("Google Calendar").locator('button[aria-busy="true"]');
    const before = demo.services.emulator?.count({ path: "/calendars/google/check" }) ?? 0;
    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).dblclick();
    expect(await button.textContent()).toBe("One moment…");
    await ada.expectMessage("Google Calendar works.");
    expect(demo.services.emulator?.count({ path: "/calendars/google/check" })).toBe(before + 1);
  });

  test("the page keeps its content while the browser is offline", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    await ada.context.setOffline(true);
    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).click();
    await ada.expectMessage("The calendar service can’t be reached.");
    await ada.card("Google Calendar").getByText("Connected", { exact: true }).waitFor();
    await ada.context.setOffline(false);
    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).click();
    await ada.expectMessage("Google Calendar works.");
  });

  test("two tabs show the connection while Cal.com is slow", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    await ada.page.getByRole("button", { name: "Slow Cal.com down" }).click();
    // Meanwhile a second tab opens, and the first one is reloaded.
    const other = await ada.context.newPage();
    await Promise.all([other.goto(context.demo.origin), ada.page.reload()]);
    await ada.card("Google Calendar").getByText("Connected", { exact: true }).waitFor();
    await other.getByRole("button", { name: "Disconnect alice@gmail.example" }).waitFor();
    await other.getByText("Handled: Cal.com took").waitFor();
    await other.close();
  });

  test("the page says that the user is signed out when the session has ended", async () => {
    const { ada } = context;
    await ada.signIn("Ada Lovelace");
    await ada.context.clearCookies();
    await ada.page.getByRole("button", { name: "Connect Google Calendar" }).click();
    await ada.expectMessage("You are signed out.");
  });
});
