import type { Outcome } from "./outcome.js";

/** A `fetch` that reaches one host only. */
export type EmulatorFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Processes a request for both the `fetch` function and the HTTP server. */
export type Handle = (request: Request) => Promise<Outcome>;

const MAX_REDIRECTS = 20;

/** Creates the `fetch` of an emulator. It fails as a real one does. */
export function createFetch(handle: Handle, isOwnOrigin: (origin: string) => boolean): EmulatorFetch {
  return async function fetch(input, init) {
    let request = new Request(input, init);
    // Some runtimes lose the signal of a Request that is copied.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined) ?? undefined;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const { origin } = new URL(request.url);
      if (!isOwnOrigin(origin)) {
        throw new Error(
          `The emulator of Cal.com received a request for ${origin}, which is not its own origin.`,
        );
      }
      const response = await orAbort(signal, async () => toResponse(await handle(request)));
      const next = redirectOf(request, response);
      if (!next) return response;
      request = next;
    }
    throw new TypeError("fetch failed", { cause: new Error("redirect count exceeded") });
  };
}

function toResponse(outcome: Outcome): Promise<Response> | Response {
  switch (outcome.kind) {
    case "response":
      return outcome.response;
    case "reset":
      throw new TypeError("fetch failed", { cause: withCode("read ECONNRESET", "ECONNRESET") });
    case "hang":
      return new Promise(() => undefined);
    case "truncated": {
      const { status, headers } = outcome.response;
      return new Response(halfOf(outcome.body), { status, headers });
    }
  }
}

const withCode = (message: string, code: string): Error => Object.assign(new Error(message), { code });

/** Half of the body, then the error that undici reports when the server closes the connection. */
function halfOf(body: Uint8Array): ReadableStream {
  let isFirst = true;
  return new ReadableStream({
    pull(controller) {
      if (isFirst) controller.enqueue(body.slice(0, Math.floor(body.length / 2)));
      else
        controller.error(
          new TypeError("terminated", { cause: withCode("other side closed", "UND_ERR_SOCKET") }),
        );
      isFirst = false;
    },
  });
}

function orAbort<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
  if (!signal) return run();
  return new Promise((resolve, reject) => {
    // As `fetch` does: the reason can be any value.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort, { once: true });
    run()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The next request, if the response is a redirect and the caller follows redirects. */
function redirectOf(request: Request, response: Response): Request | undefined {
  const location = response.headers.get("location");
  if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  if (request.redirect === "manual") return undefined;
  if (request.redirect === "error") {
    throw new TypeError("fetch failed", { cause: new Error("unexpected redirect") });
  }
  const method = request.method === "HEAD" ? "HEAD" : "GET";
  return new Request(new URL(location, request.url), { method });
}
