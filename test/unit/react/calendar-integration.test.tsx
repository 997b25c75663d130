// @vitest-environment happy-dom
import { version } from "react";
import { renderToString } from "react-dom/server";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { CalendarIntegration, defaultTexts, describeError } from "../../../src/react/index.js";
import { account, fakeHandlers, status, type FakeHandlers } from "../../support/fake-handlers.js";
import { buttonOf, doing, hydrate, leave, render } from "../../support/render.js";

let handlers: FakeHandlers;
const one = { calendars: [account()] };

beforeEach(() => {
  handlers = fakeHandlers();
  history.replaceState(null, "", "/settings");
});

describe("on a server", () => {
  it("renders what it was given, and is taken over without a word from React", async () => {
    const { html, complaints } = await hydrate(
      <CalendarIntegration fetch={handlers.fetch} initialStatus={one} />,
    );
    for (const text of ["alice@gmail.example", "Team", "Connected", "Check now"])
      expect(html).toContain(text);
    expect(complaints).toEqual([]);
    expect(handlers.seen).toEqual([]);
  });

  it("works with the React that this run is about", () => {
    expect(version).toMatch(process.env["REACT"] === "18" ? /^18\./ : /^19\./);
  });

  it("renders that it is loading, also when the address says something", async () => {
    history.replaceState(null, "", "/settings?calendarType=google&connected=true");
    handlers.answer("status", status(account()));
    const { html, complaints } = await hydrate(<CalendarIntegration fetch={handlers.fetch} />);
    expect(html).toContain("One moment…");
    expect(html).not.toContain("Connect</button>");
    expect(complaints).toEqual([]);
    expect(document.querySelector('[role="status"]')?.textContent).toBe("Google Calendar is connected.");
  });
});

describe("what it shows", () => {
  it("never shows text of the address", async () => {
    for (const reason of ["Call+555-1234", "constructor", "__proto__"]) {
      history.replaceState(null, "", `/settings?calendarType=google&connected=false&reason=${reason}`);
      const page = await render(
        <CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars: [] }} />,
      );
      expect(page.querySelector('[data-provider="google"] [role="alert"]')?.textContent).toBe(
        defaultTexts.errors.other,
      );
    }
  });

  it("offers to load again what could not be loaded", async () => {
    handlers.answer("status", { fault: true }, status(account()));
    const page = await render(<CalendarIntegration fetch={handlers.fetch} />);
    expect(page.querySelector('[role="alert"]')?.textContent).toContain("can’t be reached");
    expect(page.querySelector("[data-provider]")).toBeNull();
    buttonOf("Try again").focus();
    await doing(() => buttonOf("Try again").click());
    expect(page.textContent).toContain("alice@gmail.example");
    expect(document.activeElement?.getAttribute("aria-label"), "where the focus is").toBe("Calendars");
  });

  it("shows several accounts of a provider, each with a button of its own", async () => {
    const calendars = [account(), account({ credentialId: 8, email: "carol@gmail.example" })];
    const page = await render(<CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />);
    const names = [...page.querySelectorAll('[data-provider="google"] [id$="-end"]')].map((button) =>
      (button.getAttribute("aria-labelledby") ?? "")
        .split(" ")
        .map((id) => document.getElementById(id)?.textContent)
        .join(" "),
    );
    expect(names).toEqual(["Disconnect alice@gmail.example", "Disconnect carol@gmail.example"]);
  });

  it("says which of several accounts is broken", async () => {
    const broken = account({ credentialId: 8, email: null, connected: false, calendars: [] });
    const calendars = [account(), broken];
    const page = await render(<CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />);
    const accounts = [...page.querySelectorAll(".calbridge-account")].map(({ textContent }) => textContent);
    expect(accounts[0]).toBe("alice@gmail.exampleTeamDisconnect");
    expect(accounts[1]).toMatch(/^Google Calendar can’t be read just now/);
  });

  it("offers nothing for an account that Cal.com doesn't list yet: it could not be done", async () => {
    const calendars = [account({ calendarType: "apple", credentialId: 0, email: null, calendars: [] })];
    const page = await render(<CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />);
    const apple = page.querySelector('[data-provider="apple"]');
    expect(apple?.textContent).toContain("Connected");
    expect(apple?.textContent).toContain("Its calendars will show soon.");
    expect([...apple!.querySelectorAll("button")].filter((button) => !button.closest("dialog"))).toEqual([]);
  });

  it("has no id twice, whatever is connected", async () => {
    const calendars = ["google", "office365", "apple"].map((calendarType, index) =>
      account({ calendarType, credentialId: index, email: null }),
    );
    const page = await render(
      <>
        <CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />
        <CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />
      </>,
    );
    const ids = [...page.querySelectorAll("[id]")].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("made to fit", () => {
  it("has other texts, providers, headings and classes", () => {
    const html = renderToString(
      <CalendarIntegration
        initialStatus={{ calendars: [] }}
        providers={["office365"]}
        headingLevel={4}
        classNames={{ button: "btn btn-lg" }}
        texts={{ connect: "Verbinden", providers: { office365: "Microsoft 365" } }}
      />,
    );
    expect(html).toMatch(/<h4[^>]*>Microsoft 365<\/h4>/);
    expect(html).toContain('class="calbridge-button btn btn-lg"');
    expect(html).toContain(">Verbinden</button>");
    expect(html).not.toContain("Google");
  });

  it("has other parts", async () => {
    handlers.answer("disconnect", { data: {} });
    const page = await render(
      <CalendarIntegration
        fetch={handlers.fetch}
        initialStatus={one}
        render={{
          mark: (provider) => <i>{provider}</i>,
          button: ({ kind, isPending, ...attributes }) => (
            <button data-mine={`${kind} ${isPending}`} {...attributes} />
          ),
          account: ({ label, disconnectButton }) => (
            <p key={label}>
              Mine: {label} {disconnectButton}
            </p>
          ),
          confirm: ({ text, onConfirm }) => (
            <p id="mine">
              {text} <button onClick={onConfirm}>Yes</button>
            </p>
          ),
          message: (text, kind) => `${kind}! ${text}`,
        }}
      />,
    );
    expect(page.textContent).toContain("Mine: alice@gmail.example");
    expect(page.querySelector("dialog")).toBeNull();
    await doing(() => buttonOf("Disconnect").click());
    expect(page.querySelector("#mine")?.textContent).toContain("Disconnect alice@gmail.example?");
    await doing(() => buttonOf("Yes").click());
    expect(page.querySelector('[role="status"]')?.textContent).toBe(
      "notice! alice@gmail.example is disconnected.",
    );
    expect(page.querySelector("#mine")).toBeNull();
  });

  it("has other cards and another form", async () => {
    const view = vi.fn(() => "mine");
    const page = await render(
      <CalendarIntegration fetch={handlers.fetch} initialStatus={one} render={{ provider: view }} />,
    );
    expect(page.querySelectorAll("li.calbridge-provider")).toHaveLength(3);
    expect(view).toHaveBeenCalledWith(
      expect.objectContaining({
        provider: "google",
        state: "connected",
        stateText: "Connected",
        error: null,
      }),
    );

    const other = await render(
      <CalendarIntegration
        fetch={handlers.fetch}
        initialStatus={one}
        render={{ appleForm: ({ onCancel }) => <button onClick={onCancel}>Not now</button> }}
      />,
    );
    await doing(() => buttonOf("Connect", other.querySelector('[data-provider="apple"]')!).click());
    await doing(() => buttonOf("Not now", other).click());
    expect(other.textContent).not.toContain("Not now");
  });
});

describe("a page that is left", () => {
  it("hears no more of what is under way, without a word from React", async () => {
    const complaint = vi.spyOn(console, "error");
    let arrive: (answer: { data: object }) => void = () => undefined;
    handlers.answer("disconnect", new Promise((resolve) => (arrive = resolve)));
    await render(<CalendarIntegration fetch={handlers.fetch} initialStatus={one} />);
    await doing(() => buttonOf("Disconnect", document.querySelector(".calbridge-account")!).click());
    await doing(() => buttonOf("Disconnect", document.querySelector("dialog")!).click());
    leave();
    await doing(() => arrive({ data: {} }));
    expect(complaint).not.toHaveBeenCalled();
  });
});

describe("describeError", () => {
  it("tells a refused Apple password from a connection that no longer works", () => {
    const code = "invalid_credentials";
    expect(describeError({ code, action: "connectApple", provider: "apple" })).toContain(
      "Apple did not accept",
    );
    expect(describeError({ code, action: "sync", provider: "google" })).toBe(
      "Google Calendar no longer gives access. Reconnect it.",
    );
  });

  it("has a sentence for everything, in the application's words where there are any", () => {
    expect(describeError({ code: "internal_error", action: "load" })).toBe(defaultTexts.errors.other);
    const texts = { errors: { revoked: "{provider}: nix da" }, providers: { google: "G$&" } };
    expect(describeError({ code: "revoked", action: "sync", provider: "google" }, texts)).toBe("G$&: nix da");
  });
});
