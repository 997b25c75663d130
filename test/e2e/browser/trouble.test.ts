import { describe, expect, it } from "vitest";
import { useDemo } from "./demo.js";

const test = useDemo();

describe("a connection", () => {
  it("survives that its token expires while the page is open", async () => {
    const { ada, demo } = test;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    await ada.page.getByRole("button", { name: "Let the token expire" }).click();
    const feed = ada.page.getByRole("list", { name: "What happens" });
    await feed.getByText("refreshed", { exact: true }).waitFor();

    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).click();
    await ada.hears("Google Calendar works.");
    const outcomes = demo.services.feed.entries().filter(({ kind }) => kind === "tokens");
    expect(outcomes.filter(({ outcome }) => outcome === "refreshed")).toHaveLength(1);
  });

  it("survives a refresh whose answer is lost", async () => {
    const { ada } = test;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    await ada.page.getByRole("button", { name: "Kill a refresh half-way" }).click();
    await ada.hears("The calendar service can’t be reached just now.");
    // What was known stays on the page.
    await ada.card("Google Calendar").getByText("Team", { exact: true }).waitFor();

    const { page } = ada;
    expect(await page.getByRole("status").first().textContent(), "no success beside it").toBe("");
    await page.getByRole("button", { name: "Try again" }).press("Enter");
    const feed = ada.page.getByRole("list", { name: "What happens" });
    await feed.getByText("recovered", { exact: true }).waitFor();
    await ada.card("Google Calendar").getByText("Connected", { exact: true }).waitFor();
    await expect.poll(() => page.getByRole("button", { name: "Try again" }).count()).toBe(0);
    expect(await page.locator(":focus").getAttribute("aria-label"), "where the focus is").toBe("Calendars");
    await page.getByText("Survived: the lost tokens were replaced").waitFor();
  });

  it("can be made again after its access was revoked at the provider", async () => {
    const { ada, adasId, demo } = test;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    const card = ada.card("Google Calendar");
    await ada.page.getByRole("button", { name: "Revoke access at the provider" }).click();
    await card.getByText("Needs reconnecting").waitFor();

    await ada.page.getByRole("button", { name: "Reconnect Google Calendar" }).click();
    await ada.consent("Allow");
    await ada.hears("The old, revoked connection is removed. Connect Google Calendar once more.");
    await ada.connect("Google Calendar");
    await card.getByText("Connected", { exact: true }).waitFor();
    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).click();
    await ada.hears("Google Calendar works.");
    expect(demo.services.emulator?.calendars.credentials(adasId())).toHaveLength(1);
  });

  it("is found broken by a check, though the list doesn't say so", async () => {
    const { ada, adasId, demo } = test;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Office 365");
    demo.services.emulator?.calendars.invalidate({ userId: adasId() });
    await ada.page.getByRole("button", { name: "Check now Office 365" }).click();
    await ada.hears("Office 365 no longer gives access. Reconnect it.");
    await ada.card("Office 365").getByText("Needs reconnecting").waitFor();
    await ada.connect("Office 365");
  });

  it("ends when the user says so, twice", async () => {
    const { ada, adasId, demo } = test;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    const disconnect = ada.page.getByRole("button", { name: "Disconnect alice@gmail.example" });
    await disconnect.click();
    const dialog = ada.page.getByRole("dialog", { name: "Disconnect alice@gmail.example?" });
    await dialog.getByRole("button", { name: "Cancel" }).click();
    expect(demo.services.emulator?.calendars.credentials(adasId())).toHaveLength(1);

    await disconnect.click();
    await dialog.getByRole("button", { name: "Disconnect" }).click();
    await ada.hears("alice@gmail.example is disconnected.");
    await ada.card("Google Calendar").getByText("Not connected", { exact: true }).waitFor();
    expect(demo.services.emulator?.calendars.credentials(adasId())).toEqual([]);
  });

  it("waits for a slow Cal.com without starting anything twice", async () => {
    const { ada, demo } = test;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    demo.services.emulator?.inject({ path: /check$/, effect: { delayMs: 1500 } });
    const button = ada.card("Google Calendar").locator('button[aria-busy="true"]');
    const before = demo.services.emulator?.count({ path: "/calendars/google/check" }) ?? 0;
    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).dblclick();
    expect(await button.textContent()).toBe("One moment…");
    await ada.hears("Google Calendar works.");
    expect(demo.services.emulator?.count({ path: "/calendars/google/check" })).toBe(before + 1);
  });

  it("keeps what is shown while the browser is offline", async () => {
    const { ada } = test;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    await ada.context.setOffline(true);
    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).click();
    await ada.hears("The calendar service can’t be reached just now.");
    await ada.card("Google Calendar").getByText("Connected", { exact: true }).waitFor();
    await ada.context.setOffline(false);
    await ada.page.getByRole("button", { name: "Check now Google Calendar" }).click();
    await ada.hears("Google Calendar works.");
  });

  it("is shown in two tabs as it is, also in the one that did not change it", async () => {
    const { ada } = test;
    await ada.signIn("Ada Lovelace");
    await ada.connect("Google Calendar");
    await ada.page.getByRole("button", { name: "Slow Cal.com down" }).click();
    // In the middle of it: a second tab, and the first is loaded anew.
    const other = await ada.context.newPage();
    await Promise.all([other.goto(test.demo.origin), ada.page.reload()]);
    await ada.card("Google Calendar").getByText("Connected", { exact: true }).waitFor();
    await other.getByText("alice@gmail.example", { exact: true }).waitFor();
    await other.getByText("Survived: Cal.com took").waitFor();
    await other.close();
  });

  it("is shown signed out when the session ends while the page is open", async () => {
    const { ada } = test;
    await ada.signIn("Ada Lovelace");
    await ada.context.clearCookies();
    await ada.page.getByRole("button", { name: "Connect Google Calendar" }).click();
    await ada.hears("You are signed out.");
  });
});
