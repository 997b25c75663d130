import type { Connection } from "../../src/react/types.js";

/** A request that the hook made. */
interface SeenRequest {
  url: string;
  body: unknown;
}

/** Handlers that answer what a test tells them to. */
export interface FakeHandlers {
  fetch: typeof fetch;
  seen: SeenRequest[];
  /** The `data` of the next answers of a route; an error's code; or a promise of one of them. */
  answer(route: string, ...answers: (Answer | Promise<Answer>)[]): void;
  /** The answer where the test has named none. */
  otherwise?: Answer;
}

export type Answer =
  | { data: unknown }
  | { error: unknown }
  | { text: string; status?: number }
  | { fault: true }
  | { cut: true };

export function fakeHandlers(): FakeHandlers {
  const seen: SeenRequest[] = [];
  const answers = new Map<string, (Answer | Promise<Answer>)[]>();
  const handlers: FakeHandlers = {
    seen,
    answer: (route, ...more) => void answers.set(route, [...(answers.get(route) ?? []), ...more]),
    fetch: async (input, init) => {
      const url = input as string;
      seen.push({ url, body: init?.body === undefined ? undefined : JSON.parse(init.body as string) });
      const route = url.replace(/^.*\/calendars\//, "").replace(/\?.*/, "");
      const answer = (await answers.get(route)?.shift()) ?? handlers.otherwise;
      if (!answer) throw new Error(`The test has no answer for ${url}.`);
      if ("fault" in answer) throw new TypeError("Failed to fetch");
      if ("cut" in answer)
        return new Response(new ReadableStream({ pull: (body) => body.error(new TypeError()) }));
      const text =
        "text" in answer
          ? answer.text
          : JSON.stringify(
              "data" in answer
                ? { success: true, data: answer.data }
                : { success: false, error: { code: answer.error, message: "a message" } },
            );
      const status = "text" in answer ? (answer.status ?? 200) : "error" in answer ? 409 : 200;
      return { status, text: () => Promise.resolve(text) } as Response;
    },
  };
  return handlers;
}

/** An account as the status route answers it. */
export function account(given: Partial<Connection> = {}): Connection {
  return {
    calendarType: "google",
    integration: "google_calendar",
    credentialId: 7,
    name: "Google Calendar",
    email: "alice@gmail.example",
    connected: true,
    reason: null,
    message: null,
    delegated: false,
    calendars: [{ externalId: "team", name: "Team", primary: false, readOnly: false, isSelected: true }],
    ...given,
  };
}

/** What the status route answers. */
export function status(...calendars: Connection[]): { data: { calendars: Connection[] } } {
  return { data: { calendars } };
}
