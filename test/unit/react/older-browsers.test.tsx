// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import { CalendarIntegration } from "../../../src/react/index.js";
import { connection, fakeHandlers, status, type FakeHandlers } from "../../support/fake-handlers.js";
import { buttonOf, perform, render } from "../../support/render.js";

let handlers: FakeHandlers;

// What Safari 15 and the jsdom of Jest 29 don't have.
beforeEach(() => {
  handlers = fakeHandlers();
  history.replaceState(null, "", "/settings");
  for (const [owner, name] of [
    [AbortSignal, "timeout"],
    [AbortSignal, "any"],
    [HTMLDialogElement.prototype, "show"],
    [HTMLDialogElement.prototype, "showModal"],
    [HTMLDialogElement.prototype, "close"],
  ] as const) {
    const original = Object.getOwnPropertyDescriptor(owner, name);
    if (!original) continue;
    Reflect.deleteProperty(owner, name);
    cleanUp.push(() => Object.defineProperty(owner, name, original));
  }
  return () => cleanUp.splice(0).forEach((restore) => restore());
});
const cleanUp: (() => void)[] = [];

test("without newer browser APIs the component loads, asks before it disconnects, and disconnects", async () => {
  handlers.respond("status", status(connection()));
  handlers.respond("disconnect", { data: {} });
  const page = await render(<CalendarIntegration fetch={handlers.fetch} />);
  expect(page.textContent).toContain("alice@gmail.example");
  const dialog = () => page.querySelector('[data-provider="google"] dialog')!;
  expect(dialog()).toBeNull();

  const opener = buttonOf("Disconnect", page.querySelector(".calbridge-connection")!);
  opener.focus();
  await perform(() => opener.click());
  expect(dialog().hasAttribute("open")).toBe(true);
  expect(dialog().contains(document.activeElement), "the focus is in the dialog").toBe(true);
  await perform(() => buttonOf("Cancel", dialog()).click());
  expect(dialog()).toBeNull();
  expect(document.activeElement).toBe(opener);
  expect(handlers.seen).toHaveLength(1);

  await perform(() => opener.click());
  await perform(() => buttonOf("Disconnect", dialog()).click());
  expect(handlers.seen.at(-1)!.url).toMatch(/\/disconnect$/);
  expect(page.querySelector(".calbridge-connection")).toBeNull();
});

test("without newer browser APIs a failed load is described", async () => {
  handlers.respond("status", { error: "unavailable" });
  const page = await render(<CalendarIntegration fetch={handlers.fetch} />);
  expect(page.querySelector('[role="alert"]')?.textContent).not.toBe("");
});

test("a request without a response ends after a minute", async () => {
  vi.useFakeTimers();
  const never = new Promise<never>(() => undefined);
  const page = await render(<CalendarIntegration fetch={() => never} />);
  await perform(() => vi.advanceTimersByTime(59_000));
  expect(page.textContent).toContain("One moment…");
  await perform(() => vi.advanceTimersByTime(2000));
  expect(page.querySelector('[role="alert"]')?.textContent).toContain("can’t be reached");
  vi.useRealTimers();
});
