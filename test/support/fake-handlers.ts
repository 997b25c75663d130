import type { Connection } from "../../src/react/types.js";

/** A request that the hook sent. */
interface SeenRequest {
  url: string;
  body: unknown;
}

/** Handlers whose responses a test sets. */
export interface FakeHandlers {
  fetch: typeof fetch;
  seen: SeenRequest[];
  /** Sets the next responses of a route. */
  respond(route: string, ...responses: (FakeResponse | Promise<FakeResponse>)[]): void;
  /** The response of a route for which the test has set none. */
  fallback?: FakeResponse;
}

/** The `data` of a success, the code of an error, a body of another server, no connection, or an incomplete body. */
export type FakeResponse =
  | { data: unknown }
  | { error: unknown }
  | { text: string; status?: number }
  | { fault: true }
  | { incomplete: true };

export function fakeHandlers(): FakeHandlers {
  const seen: SeenRequest[] = [];
  const responses = new Map<string, (FakeResponse | Promise<FakeResponse>)[]>();
  const handlers: FakeHandlers = {
    seen,
    respond: (route, ...more) => void responses.set(route, [...(responses.get(route) ?? []), ...more]),
    fetch: async (input, init) => {
      const url = input as string;
      seen.push({ url, body: init?.body === undefined ? undefined : JSON.parse(init.body as string) });
      const route = url.replace(/^.*\/calendars\//, "").replace(/\?.*/, "");
      const response = (await responses.get(route)?.shift()) ?? handlers.fallback;
      if (!response) throw new Error(`The test has set no response for ${url}.`);
      if ("fault" in response) throw new TypeError("Failed to fetch");
      if ("incomplete" in response)
        return new Response(new ReadableStream({ pull: (body) => body.error(new TypeError()) }));
      const text =
        "text" in response
          ? response.text
          : JSON.stringify(
              "data" in response
                ? { success: true, data: response.data }
                : { success: false, error: { code: response.error, message: "a message" } },
            );
      const status = "text" in response ? (response.status ?? 200) : "error" in response ? 409 : 200;
      return { status, text: () => Promise.resolve(text) } as Response;
    },
  };
  return handlers;
}

/** A connection as the status route returns it. */
export function connection(given: Partial<Connection> = {}): Connection {
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
    calendars: [
      {
        externalId: "team",
        credentialId: given.credentialId ?? 7,
        name: "Team",
        primary: false,
        readOnly: false,
        isSelected: true,
        isDestination: false,
      },
    ],
    ...given,
  };
}

/** The response of the status route. */
export function status(...calendars: Connection[]): { data: { calendars: Connection[] } } {
  return { data: { calendars } };
}
