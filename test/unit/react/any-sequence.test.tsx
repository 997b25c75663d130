// @vitest-environment happy-dom
import fc from "fast-check";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  CalendarIntegration,
  useCalendarIntegration,
  type CalendarIntegrationState,
} from "../../../src/react/index.js";
import {
  connection,
  fakeHandlers,
  status,
  type FakeResponse,
  type FakeHandlers,
} from "../../support/fake-handlers.js";
import { perform, leave, render } from "../../support/render.js";

let handlers: FakeHandlers;
let state: CalendarIntegrationState;

function Page(): ReactNode {
  state = useCalendarIntegration({ fetch: handlers.fetch });
  // The component must be able to show every state.
  return <CalendarIntegration integration={state} />;
}

const connections = [
  connection(),
  connection({ credentialId: 8, connected: false, email: null, calendars: [] }),
  connection({ calendarType: "office365", credentialId: 9 }),
  connection({ calendarType: "apple", credentialId: 10 }),
];
const list = fc.subarray(connections);
const failedResponse: fc.Arbitrary<FakeResponse> = fc.oneof(
  fc.constantFrom<FakeResponse>(
    { fault: true },
    { incomplete: true },
    { text: "<html>" },
    { text: "", status: 504 },
    { text: '{"error":"Not Found"}', status: 404 },
  ),
  fc.constantFrom("unauthenticated", "invalid_credentials", "unavailable").map((error) => ({ error })),
  fc
    .constantFrom(null, 7, "x", {}, [], { calendars: null }, { calendars: [null] }, { calendars: [{}] })
    .map((data) => ({ data })),
);
const orFault = (good: fc.Arbitrary<FakeResponse>): fc.Arbitrary<FakeResponse> =>
  fc.oneof({ weight: 2, arbitrary: good }, failedResponse);

const provider = fc.constantFrom("google", "office365", "apple");
const step = fc.oneof(
  fc.record({ do: fc.constant("reload"), response: orFault(list.map((some) => status(...some))) }),
  provider.chain((chosen) =>
    fc.record({
      do: fc.constant("sync"),
      provider: fc.constant(chosen),
      response: orFault(
        fc
          .record({
            calendars: list.map((some) => some.filter(({ calendarType }) => calendarType === chosen)),
            connected: fc.boolean(),
            reason: fc.constantFrom("revoked", "provider_error"),
          })
          .map((data) => ({ data })),
      ),
    }),
  ),
  fc.record({ do: fc.constant("disconnect"), provider, response: orFault(fc.constant({ data: {} })) }),
  fc.record({ do: fc.constant("connectApple"), response: orFault(fc.constant({ data: {} })) }),
  fc.record({
    do: fc.constant("connect"),
    response: orFault(
      fc.constantFrom("https://p.example/", "javascript:0", 3).map((authUrl) => ({ data: { authUrl } })),
    ),
  }),
  fc.record({
    do: fc.constantFrom("return to tab", "press Back", "wait", "dismiss"),
    response: orFault(list.map((some) => status(...some))),
  }),
);

/** Starts a step. Returns the action's promise, if the step is an action. */
function start(item: { do: string; provider?: string }): Promise<boolean> | undefined {
  const provider = item.provider as "google";
  switch (item.do) {
    case "reload":
      return state.reload();
    case "sync":
      return state.sync(provider);
    case "disconnect":
      return state.disconnect(provider);
    case "connectApple":
      return state.connectApple({ username: "dave@icloud.example", password: "secret" });
    case "connect":
      return state.connect("google");
    case "return to tab":
      vi.setSystemTime(Date.now() + 12_000);
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
      return undefined;
    case "press Back":
      window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
      return undefined;
    case "wait":
      vi.advanceTimersByTime(16_000);
      return undefined;
    default:
      state.dismiss();
      return undefined;
  }
}

function expectConsistent(when: string): void {
  const { status, calendars, error, result } = state;
  expect(Array.isArray(calendars), when).toBe(true);
  const expected =
    calendars.length === 0
      ? "disconnected"
      : calendars.every(({ connected }) => connected)
        ? "connected"
        : "broken";
  if (status === "loading" || status === "error") expect(calendars, when).toEqual([]);
  else expect(status, when).toBe(expected);
  if (status === "error") expect(error, `${when}: the error is set`).not.toBeNull();
  if (error) expect(error.code, when).toBeTruthy();
  // A background load may fail after an action that succeeded.
  if (result) expect(error?.action ?? "load", when).toBe("load");
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation((message) => {
    throw new Error(String(message));
  });
  vi.spyOn(location, "assign").mockImplementation(() => undefined);
});

afterEach(() => vi.useRealTimers());

test("after any sequence of actions and responses, no action stays pending and the state is consistent", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 8 }),
      orFault(list.map((some) => status(...some))),
      async (steps, first) => {
        handlers = fakeHandlers();
        handlers.fallback = first;
        history.replaceState(null, "", "/settings");
        await render(<Page />);
        expectConsistent("after the first load");
        for (const item of steps) {
          handlers.fallback = item.response;
          let second: Promise<boolean> | undefined;
          const outcome = await perform(async () => {
            const wasIdle = state.pending === null;
            const action = start(item);
            // The user presses a second button at the same time.
            if (action && item.do !== "reload" && wasIdle) second = state.sync("google");
            return action;
          });
          if (second) expect(await second, `a second action during ${item.do}`).toBe(false);
          if (outcome === true && item.do !== "reload")
            expect(state.error?.provider, `${item.do} worked`).toBeUndefined();
          expectConsistent(item.do);
        }
        await perform(() => vi.advanceTimersByTime(60_000));
        expect(state.pending, "an action is still pending").toBeNull();
        leave();
      },
    ),
    { numRuns: 60 },
  );
});
