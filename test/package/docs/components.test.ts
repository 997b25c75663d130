// @vitest-environment happy-dom
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import {
  calendar,
  connection,
  fakeHandlers,
  status,
  type FakeHandlers,
} from "../../support/fake-handlers.js";
import { codeBlocks, readPages, root } from "../../support/markdown.js";

const folder = join(root, "node_modules/.calbridge-test/components");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const components = readPages().flatMap((page) =>
  codeBlocks(page, ["vue", "svelte"]).map(({ language, code, line }) => ({
    language,
    code,
    place: `${page.path}:${line}`,
  })),
);

/** Bundles a component in a process of its own: esbuild does not run beside a browser's globals. */
async function load(language: string, code: string): Promise<{ mount: (target: Element) => () => void }> {
  mkdirSync(folder, { recursive: true });
  const [input, output] = [join(folder, `${language}.txt`), join(folder, `${language}.mjs`)];
  writeFileSync(input, code);
  const script = join(root, "test/support/bundle-component.ts");
  execFileSync(process.execPath, ["--import", "tsx", script, language, input, output], { stdio: "pipe" });
  return (await import(pathToFileURL(output).href)) as { mount: (target: Element) => () => void };
}

let handlers: FakeHandlers;
beforeEach(() => {
  handlers = fakeHandlers();
  vi.stubGlobal("fetch", handlers.fetch);
  return () => vi.unstubAllGlobals();
});

test("there is a component for each framework", () => {
  expect(components.map(({ language }) => language).sort()).toEqual(["svelte", "vue"]);
});

test.each(components)(
  "the component at $place compiles, shows the calendars and changes them",
  async (component) => {
    const account = connection({ calendars: [calendar(), calendar({ externalId: "home", name: "Home" })] });
    const broken = connection({
      credentialId: 8,
      email: "carol@gmail.example",
      connected: false,
      message: "Reconnect it.",
      calendars: [],
    });
    handlers.respond("status", status(account, broken));
    handlers.respond("select", { error: "unavailable" });
    handlers.respond("destination", { error: "read_only_calendar" });
    handlers.respond("disconnect", { data: {} });
    handlers.respond("oauth-connect-url", { error: "unavailable" });

    const { mount } = await load(component.language, component.code);
    const page = document.body.appendChild(document.createElement("main"));
    const leave = mount(page);
    const button = (text: string, index = 0) =>
      [...page.querySelectorAll("button")].filter(({ textContent }) => textContent.trim() === text)[index]!;
    const alert = () => page.querySelector('[role="alert"]')!.textContent.trim();
    const checkbox = () => page.querySelector<HTMLInputElement>("input[type=checkbox]")!;

    expect(page.textContent).toContain("One moment");
    await expect.poll(() => page.textContent).toContain("alice@gmail.example");
    expect(page.textContent).toContain("Reconnect it.");
    expect(page.querySelectorAll("input[type=checkbox]")).toHaveLength(2);
    expect(alert()).toBe("");

    checkbox().click();
    await expect.poll(alert).toContain("unavailable");
    expect(handlers.seen.at(-1)).toEqual({
      url: "/api/cal/calendars/select",
      body: { credentialId: 7, integration: "google_calendar", externalId: "team", isSelected: false },
    });

    // A destination that is refused is taken back.
    const destination = page.querySelector("select")!;
    expect([...destination.options].map(({ text, disabled }) => [text, disabled])).toEqual([
      ["Choose a calendar", true],
      ["Team (alice@gmail.example)", false],
      ["Home (alice@gmail.example)", false],
    ]);
    destination.value = destination.options[2]!.value;
    destination.dispatchEvent(new Event("change", { bubbles: true }));
    await expect
      .poll(() => handlers.seen.at(-1)?.body)
      .toEqual({
        credentialId: 7,
        integration: "google_calendar",
        externalId: "home",
      });
    await expect.poll(alert).toContain("read_only_calendar");
    expect(destination.options[0]!.selected).toBe(true);

    button("Reconnect").click();
    await expect.poll(() => handlers.seen.at(-1)?.url).toContain("type=google&reconnect=8");
    await expect.poll(() => button("Connect Google Calendar").getAttribute("aria-disabled")).toBe("false");
    button("Disconnect").click();
    await expect.poll(() => page.textContent).not.toContain("alice@gmail.example");
    expect(page.querySelector('[role="status"]')?.textContent.trim()).toBe("Disconnected.");
    expect(handlers.seen.at(-1)?.body).toEqual({ calendarType: "google", credentialId: 7 });
    leave();
    expect(page.textContent.trim()).toBe("");
  },
);

test.each(components)(
  "the component at $place shows several accounts of an administrator, and feeds whose ids are secret",
  async (component) => {
    const delegated = { credentialId: -1, delegated: true };
    const feed = { externalId: null, name: "Feed" };
    handlers.respond(
      "status",
      status(
        connection(delegated),
        connection({ ...delegated, calendarType: "office365", email: "alice@outlook.example" }),
        connection({ email: null, name: "Feeds", calendars: [calendar(feed), calendar(feed)] }),
      ),
    );
    const warnings = vi.spyOn(console, "warn");
    const { mount } = await load(component.language, component.code);
    const page = document.body.appendChild(document.createElement("main"));
    const leave = mount(page);
    await expect
      .poll(() => [...page.querySelectorAll("h3")].map(({ textContent }) => textContent))
      .toEqual(["alice@gmail.example", "alice@outlook.example", "Feeds"]);
    expect(warnings).not.toHaveBeenCalled();
    leave();
  },
);
