import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { findProblems } from "./axe.js";
import { pictures, useDemo } from "./demo.js";

const context = useDemo();
beforeAll(() => mkdir(pictures, { recursive: true }));

test("a calendar that was revoked and is connected again has its selection and its destination as before", async () => {
  const { ada, demo } = context;
  const { page } = ada;
  const team = page.getByRole("checkbox", { name: "Team", exact: true });
  const destination = page.getByLabel("New bookings go to");
  const chosen = async () => ({
    isTeamSelected: await team.isChecked(),
    destination: await destination.locator("option:checked").textContent(),
  });

  await ada.signIn("Ada Lovelace");
  await ada.connect("Google Calendar", "alice@gmail.example");
  expect(await team.isChecked()).toBe(false);
  await team.check();
  await destination.selectOption("Team");
  await page.getByText("New bookings go to Team.").waitFor();
  expect(await chosen()).toEqual({ isTeamSelected: true, destination: "Team" });

  // The people who run the application see all users, and the notice comes.
  await page.getByRole("link", { name: "All users’ connections" }).click();
  await page.getByRole("button", { name: "Check all users now" }).click();
  const ofAda = page.getByRole("region", { name: "Ada Lovelace" });
  await ofAda.getByText("alice@gmail.example").waitFor();
  await page.getByRole("region", { name: "Grace Hopper" }).getByText("No calendar is connected").waitFor();
  await page.getByText("Nothing has changed yet.").waitFor();
  await page.getByRole("button", { name: "Revoke Ada Lovelace’s access at the provider" }).click();
  const changes = page.getByRole("region", { name: "Last changes" });
  await changes.getByText("Google Calendar: access was revoked at the provider. Connect it again.").waitFor();
  await ofAda.getByText("broken", { exact: true }).waitFor();
  expect(await findProblems(page)).toEqual([]);
  await page.screenshot({ path: join(pictures, "connections.png"), fullPage: true });

  await page.getByRole("link", { name: "Settings" }).click();
  const card = ada.card("Google Calendar");
  await card.getByText("Needs reconnecting").waitFor();
  await card.getByText(/^Not working since/).waitFor();
  expect(demo.services.emulator?.calendars.selected(context.calUserIdOfAda())).toHaveLength(2);
  await page.getByRole("button", { name: /^Reconnect / }).click();
  await ada.consent("Allow", "alice@gmail.example");
  await ada.expectMessage("The old, revoked connection is removed. Connect Google Calendar once more.");
  expect(demo.services.emulator?.calendars.selected(context.calUserIdOfAda())).toEqual([]);
  await ada.connect("Google Calendar", "alice@gmail.example");
  await card.getByText("Connected", { exact: true }).waitFor();
  expect(await chosen()).toEqual({ isTeamSelected: true, destination: "Team" });

  await page.getByRole("link", { name: "All users’ connections" }).click();
  await changes.getByText(/^Restored: .*Team/).waitFor();
  await ofAda.getByText("connected", { exact: true }).waitFor();
});
