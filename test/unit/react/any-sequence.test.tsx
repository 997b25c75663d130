// @vitest-environment happy-dom
import fc from "fast-check";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  CalendarIntegration,
  useCalendarIntegration,
  type CalendarIntegrationState,
} from "../../../src/react/index.js";
import {
  account,
  fakeHandlers,
  status,
  type Answer,
  type FakeHandlers,
} from "../../support/fake-handlers.js";
import { doing, leave, render } from "../../support/render.js";

let handlers: FakeHandlers;
let state: CalendarIntegrationState;

function Page(): ReactNode {
  state = useCalendarIntegration({ fetch: handlers.fetch });
  // Whatever is answered has to be fit to be shown.
  return <CalendarIntegration integration={state} />;
}

const accounts = [
  account(),
  account({ credentialId: 8, connected: false, email: null, calendars: [] }),
  account({ calendarType: "office365", credentialId: 9 }),
  account({ calendarType: "apple", credentialId: 10 }),
];
const list = fc.subarray(accounts);
const fault: fc.Arbitrary<Answer> = fc.oneof(
  fc.constantFrom<Answer>(
    { fault: true },
    { cut: true },
    { text: "<html>" },
    { text: "", status: 504 },
    { text: '{"error":"Not Found"}', status: 404 },
  ),
  fc.constantFrom("unauthenticated", "invalid_credentials", "unavailable").map((error) => ({ error })),
  fc
    .constantFrom(null, 7, "x", {}, [], { calendars: null }, { calendars: [null] }, { calendars: [{}] })
    .map((data) => ({ data })),
);
const or = (good: fc.Arbitrary<Answer>): fc.Arbitrary<Answer> =>
  fc.oneof({ weight: 2, arbitrary: good }, fault);

const provider = fc.constantFrom("google", "office365", "apple");
const step = fc.oneof(
  fc.record({ do: fc.constant("reload"), answer: or(list.map((some) => status(...some))) }),
  provider.chain((which) =>
    fc.record({
      do: fc.constant("sync"),
      provider: fc.constant(which),
      answer: or(
        fc
          .record({
            calendars: list.map((some) => some.filter(({ calendarType }) => calendarType === which)),
            connected: fc.boolean(),
            reason: fc.constantFrom("revoked", "provider_error"),
          })
          .map((data) => ({ data })),
      ),
    }),
  ),
  fc.record({ do: fc.constant("disconnect"), provider, answer: or(fc.constant({ data: {} })) }),
  fc.record({ do: fc.constant("connectApple"), answer: or(fc.constant({ data: {} })) }),
  fc.record({
    do: fc.constant("connect"),
    answer: or(
      fc.constantFrom("https://p.example/", "javascript:0", 3).map((authUrl) => ({ data: { authUrl } })),
    ),
  }),
  fc.record({
    do: fc.constantFrom("come back", "turn back", "wait", "dismiss"),
    answer: or(list.map((some) => status(...some))),
  }),
);

/** Begins a step. Answers whether it worked, if it says so. */
function begin(one: { do: string; provider?: string }): Promise<boolean> | undefined {
  const which = one.provider as "google";
  switch (one.do) {
    case "reload":
      return state.reload();
    case "sync":
      return state.sync(which);
    case "disconnect":
      return state.disconnect(which);
    case "connectApple":
      return state.connectApple({ username: "dave@icloud.example", password: "secret" });
    case "connect":
      return state.connect("google");
    case "come back":
      vi.setSystemTime(Date.now() + 12_000);
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
      return undefined;
    case "turn back":
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
  const { status: word, calendars, error, result } = state;
  expect(Array.isArray(calendars), when).toBe(true);
  const known =
    calendars.length === 0
      ? "disconnected"
      : calendars.every(({ connected }) => connected)
        ? "connected"
        : "broken";
  if (word === "loading" || word === "error") expect(calendars, when).toEqual([]);
  else expect(word, when).toBe(known);
  if (word === "error") expect(error, `${when}: says why`).not.toBeNull();
  if (error) expect(error.code, when).toBeTruthy();
  // A load of its own may fail after what has worked.
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

it("whatever is done and answered: nothing stays under way, and what is shown is what is known", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 8 }),
      or(list.map((some) => status(...some))),
      async (steps, first) => {
        handlers = fakeHandlers();
        handlers.otherwise = first;
        history.replaceState(null, "", "/settings");
        await render(<Page />);
        expectConsistent("at first");
        for (const one of steps) {
          handlers.otherwise = one.answer;
          let second: Promise<boolean> | undefined;
          const outcome = await doing(async () => {
            const isFree = state.pending === null;
            const work = begin(one);
            // Somebody presses everything at once.
            if (work && one.do !== "reload" && isFree) second = state.sync("google");
            return work;
          });
          if (second) expect(await second, `two things at once: ${one.do}`).toBe(false);
          if (outcome === true && one.do !== "reload")
            expect(state.error?.provider, `${one.do} worked`).toBeUndefined();
          expectConsistent(one.do);
        }
        await doing(() => vi.advanceTimersByTime(60_000));
        expect(state.pending, "under way for ever").toBeNull();
        leave();
      },
    ),
    { numRuns: 60 },
  );
});
