// @vitest-environment happy-dom
import { version } from "react";
import { renderToString } from "react-dom/server";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { CalendarIntegration, defaultTexts, describeError } from "../../../src/react/index.js";
import { connection, fakeHandlers, status, type FakeHandlers } from "../../support/fake-handlers.js";
import { buttonOf, perform, hydrate, leave, render } from "../../support/render.js";

let handlers: FakeHandlers;
const oneConnected = { calendars: [connection()] };

beforeEach(() => {
  handlers = fakeHandlers();
  history.replaceState(null, "", "/settings");
});

describe("rendering on a server", () => {
  test("the initial status is rendered on the server and hydrated without React errors", async () => {
    const { html, errors } = await hydrate(
      <CalendarIntegration fetch={handlers.fetch} initialStatus={oneConnected} />,
    );
    for (const text of ["alice@gmail.example", "Connected", "Check now"]) expect(html).toContain(text);
    expect(document.querySelector(".calbridge-picker")?.textContent, "follows in the browser").toContain(
      "Team",
    );
    expect(errors).toEqual([]);
    expect(handlers.seen).toEqual([]);
  });

  test("the tests run with the React version of this project", () => {
    expect(version).toMatch(process.env["REACT"] === "18" ? /^18\./ : /^19\./);
  });

  test("the server renders the loading state, even if the URL has the result of a connect", async () => {
    history.replaceState(null, "", "/settings?calendarType=google&connected=true");
    handlers.respond("status", status(connection()));
    const { html, errors } = await hydrate(<CalendarIntegration fetch={handlers.fetch} />);
    expect(html).toContain("One moment…");
    expect(html).not.toContain("Connect</button>");
    expect(errors).toEqual([]);
    expect(document.querySelector('[role="status"]')?.textContent).toBe("Google Calendar is connected.");
  });
});

describe("what the component shows", () => {
  test("text of the URL is never shown", async () => {
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

  test("after a failed load there is a button to try again", async () => {
    handlers.respond("status", { fault: true }, status(connection()));
    const page = await render(<CalendarIntegration fetch={handlers.fetch} />);
    expect(page.querySelector('[role="alert"]')?.textContent).toContain("can’t be reached");
    expect(page.querySelector("[data-provider]")).toBeNull();
    buttonOf("Try again").focus();
    await perform(() => buttonOf("Try again").click());
    expect(page.textContent).toContain("alice@gmail.example");
    expect(document.activeElement?.getAttribute("aria-label"), "the focused element").toBe("Calendars");
  });

  test("each connection of a provider has its own Disconnect button", async () => {
    const calendars = [connection(), connection({ credentialId: 8, email: "carol@gmail.example" })];
    const page = await render(<CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />);
    const names = [...page.querySelectorAll('[data-provider="google"] [id$="-disconnect"]')].map((button) =>
      (button.getAttribute("aria-labelledby") ?? "")
        .split(" ")
        .map((id) => document.getElementById(id)?.textContent)
        .join(" "),
    );
    expect(names).toEqual(["Disconnect alice@gmail.example", "Disconnect carol@gmail.example"]);
  });

  test("of several connections of a provider, the broken one is marked", async () => {
    const broken = connection({ credentialId: 8, email: null, connected: false, calendars: [] });
    const calendars = [connection(), broken];
    const page = await render(<CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />);
    const connections = [...page.querySelectorAll(".calbridge-connection")].map(
      ({ textContent }) => textContent,
    );
    expect(connections[0]).toBe("alice@gmail.exampleConnectedDisconnect");
    expect(connections[1]).toMatch(/^Needs reconnectingGoogle Calendar can’t be read. Try again later/);
  });

  test("an Apple connection that Cal.com does not list yet has no buttons", async () => {
    const calendars = [connection({ calendarType: "apple", credentialId: 0, email: null, calendars: [] })];
    const page = await render(<CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />);
    const apple = page.querySelector('[data-provider="apple"]');
    expect(apple?.textContent).toContain("Connected");
    expect(apple?.textContent).toContain("Its calendars will show soon.");
    expect([...apple!.querySelectorAll("button")].filter((button) => !button.closest("dialog"))).toEqual([]);
  });

  test("no HTML id is used twice, even by two components on one page", async () => {
    const calendars = ["google", "office365", "apple"].map((calendarType, index) =>
      connection({ calendarType, credentialId: index, email: null }),
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

describe("appearance", () => {
  test("texts, providers, heading level and classes can be changed", () => {
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

  test("render functions replace parts of the component", async () => {
    handlers.respond("disconnect", { data: {} });
    const page = await render(
      <CalendarIntegration
        fetch={handlers.fetch}
        initialStatus={oneConnected}
        render={{
          mark: (provider) => <i>{provider}</i>,
          button: ({ kind, isPending, ...attributes }) => (
            <button data-custom={`${kind} ${isPending}`} {...attributes} />
          ),
          connection: ({ label, disconnectButton }) => (
            <p key={label}>
              Custom: {label} {disconnectButton}
            </p>
          ),
          confirm: ({ text, onConfirm }) => (
            <p id="custom">
              {text} <button onClick={onConfirm}>Yes</button>
            </p>
          ),
          message: (text, kind) => `${kind}! ${text}`,
        }}
      />,
    );
    expect(page.textContent).toContain("Custom: alice@gmail.example");
    expect(page.querySelector("dialog")).toBeNull();
    await perform(() => buttonOf("Disconnect").click());
    expect(page.querySelector("#custom")?.textContent).toContain("Disconnect alice@gmail.example?");
    await perform(() => buttonOf("Yes").click());
    expect(page.querySelector('[role="status"]')?.textContent).toBe(
      "notice! alice@gmail.example is disconnected.",
    );
    expect(page.querySelector("#custom")).toBeNull();
  });

  test("render functions replace the provider cards and Apple's form", async () => {
    const view = vi.fn(() => "custom");
    const page = await render(
      <CalendarIntegration fetch={handlers.fetch} initialStatus={oneConnected} render={{ provider: view }} />,
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
        initialStatus={oneConnected}
        render={{ appleForm: ({ onCancel }) => <button onClick={onCancel}>Not now</button> }}
      />,
    );
    await perform(() => buttonOf("Connect", other.querySelector('[data-provider="apple"]')!).click());
    await perform(() => buttonOf("Not now", other).click());
    expect(other.textContent).not.toContain("Not now");
  });
});

describe("unmounting", () => {
  test("an action that ends after unmounting causes no React error", async () => {
    const consoleError = vi.spyOn(console, "error");
    let deliver: (response: { data: object }) => void = () => undefined;
    handlers.respond("disconnect", new Promise((resolve) => (deliver = resolve)));
    await render(<CalendarIntegration fetch={handlers.fetch} initialStatus={oneConnected} />);
    await perform(() => buttonOf("Disconnect", document.querySelector(".calbridge-connection")!).click());
    await perform(() => buttonOf("Disconnect", document.querySelector("dialog")!).click());
    leave();
    await perform(() => deliver({ data: {} }));
    expect(consoleError).not.toHaveBeenCalled();
  });
});

describe("describeError", () => {
  test("describeError: invalid_credentials has one text for a wrong Apple password and another for a broken connection", () => {
    const code = "invalid_credentials";
    expect(describeError({ code, action: "connectApple", provider: "apple" })).toContain(
      "Apple did not accept",
    );
    expect(describeError({ code, action: "sync", provider: "google" })).toBe(
      "Google Calendar no longer gives access. Reconnect it.",
    );
  });

  test("describeError: each code has a text, and the application's texts replace the English ones", () => {
    expect(describeError({ code: "internal_error", action: "load" })).toBe(defaultTexts.errors.other);
    const texts = { errors: { revoked: "{provider}: kein Zugriff" }, providers: { google: "G$&" } };
    expect(describeError({ code: "revoked", action: "sync", provider: "google" }, texts)).toBe(
      "G$&: kein Zugriff",
    );
  });
});
