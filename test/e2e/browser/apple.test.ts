import { expect, test } from "vitest";
import { useDemo } from "./demo.js";

const context = useDemo();

test("Apple is connected with the correct password, after a wrong one", async () => {
  const { ada } = context;
  await ada.signIn("Ada Lovelace");
  const card = ada.card("Apple Calendar");
  await ada.page.getByRole("button", { name: "Connect Apple Calendar" }).click();
  const username = card.getByLabel("Apple Account");
  const password = card.getByLabel("App-specific password");
  expect(await username.evaluate((field) => field === document.activeElement)).toBe(true);

  await username.fill("dave@icloud.example");
  await password.fill("wrong-app-pass");
  await password.press("Enter");
  await ada.expectMessage("Apple did not accept this address and app-specific password.");
  expect(await username.inputValue(), "the address is kept").toBe("dave@icloud.example");
  const selected = await password.evaluate(
    (field: HTMLInputElement) => field.selectionEnd! - field.selectionStart!,
  );
  expect(selected, "the whole password is selected").toBe("wrong-app-pass".length);
  expect(await password.evaluate((field) => field === document.activeElement)).toBe(true);
  expect(await password.getAttribute("aria-invalid")).toBe("true");

  await password.fill("good-app-pass");
  await card.getByRole("button", { name: "Connect", exact: true }).click();
  await ada.expectMessage("Apple Calendar is connected.");
  await card.getByText("Connected", { exact: true }).waitFor();
  expect(await password.count()).toBe(0);
  const focused = ada.page.locator(":focus");
  expect(await focused.getAttribute("data-provider"), "the focus stays on the provider's card").toBe("apple");
  // Cal.com lists a new Apple calendar up to 10 seconds later.
  await card.getByText("Its calendars will show soon.").waitFor();
  await ada.page.getByRole("checkbox", { name: "Work", exact: true }).waitFor();

  await card.getByRole("button", { name: "Disconnect dave@icloud.example" }).click();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
  await ada.expectMessage("dave@icloud.example is disconnected.");
});
