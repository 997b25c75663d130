import { expect } from "vitest";
import type { Demo, RequestHandler } from "../../../examples/demo/start.js";
import type { Visitor } from "./visitor.js";

/** Collects all secrets at Cal.com. Call `collect` often, as tokens are replaced by new ones. */
export function collectSecrets({ services }: Demo): { collect: () => void; all: () => string[] } {
  const secrets = new Set<string>();
  const { emulator } = services;
  if (!emulator) throw new Error("The secrets of the real Cal.com can't be collected.");
  const collect = (): void => {
    const ofManagedUsers = emulator.users.list().map(({ id }) => emulator.users.tokens(id));
    const ofPeople = emulator.people.list().map(({ id }) => emulator.oauth2.tokens(id));
    for (const { accessTokens, refreshTokens } of [...ofManagedUsers, ...ofPeople]) {
      for (const token of [...accessTokens, ...refreshTokens]) secrets.add(token);
    }
  };
  return {
    collect,
    all() {
      collect();
      const hasUsers = emulator.users.list().length > 0 || emulator.count({ path: "/auth/oauth2/token" }) > 0;
      expect(secrets.size > 0, "there are tokens if there are users").toBe(hasUsers);
      const clientSecrets = emulator.oauth2.clients.list().flatMap((client) => client.secrets);
      return [...secrets, ...clientSecrets, emulator.clientSecret, "good-app-pass", "wrong-app-pass"];
    },
  };
}

/** A response that the application sent to a browser. */
export interface SentResponse {
  url: string;
  /** Headers and body. */
  text: string;
}

/**
 * Records all responses of the application, on the server: a browser drops the responses of a page that the user leaves,
 * and the one with the URL of the consent page is always among them.
 */
export function recordResponses(sent: SentResponse[]): (handler: RequestHandler) => RequestHandler {
  return (handler) => async (request) => {
    const response = await handler(request);
    const headers = JSON.stringify([...response.headers, ...response.headers.getSetCookie()]);
    const entry: SentResponse = { url: request.url, text: headers };
    sent.push(entry);
    void recordBody(response.clone(), entry);
    return response;
  };
}

async function recordBody({ body }: Response, entry: SentResponse): Promise<void> {
  if (!body) return;
  const decoder = new TextDecoder();
  try {
    // Chunk by chunk, as the event stream of the demo's panel never ends.
    for await (const chunk of body) entry.text += decoder.decode(chunk, { stream: true });
  } catch {
    // The browser closed the connection.
  }
}

/** The codes with which Cal.com has sent browsers to the callback. */
function codesIn(sent: SentResponse[]): string[] {
  const callbacks = sent.filter(({ url }) => isLinkCallback(url));
  return callbacks
    .map(({ url }) => new URL(url).searchParams.get("code") ?? "")
    .filter((code) => code !== "");
}

function isLinkCallback(url: string): boolean {
  return new URL(url).pathname.endsWith("/oauth/callback");
}

/** Fails if the browser or a response of the application contains one of the secrets. */
export async function expectNoSecrets(
  { page, context }: Visitor,
  { secrets: known, sent, origin }: { secrets: string[]; sent: SentResponse[]; origin: string },
): Promise<void> {
  const session = await context.newCDPSession(page);
  const { entries } = await session.send("Page.getNavigationHistory");
  const storage = await page.evaluate(() =>
    JSON.stringify([
      Object.entries(localStorage),
      Object.entries(sessionStorage),
      history.state,
      document.cookie,
    ]),
  );
  const secrets = [...known, ...codesIn(sent)];
  const responses = sent
    // These two responses contain the provider's URL, into which Cal.com puts the access token. There is no other way to the
    // consent page. They are sent to the user whose token it is, with cache-control: no-store.
    .filter(({ url }) => !url.includes("/calendars/oauth-connect-url"))
    .filter(({ url, text }) => !isLinkCallback(url) || text.includes(`"location","${origin}`))
    // The address of the callback has the code. The browser does not keep it: see the history.
    .map(({ url, text }) => (isLinkCallback(url) ? text : `${url} ${text}`));
  expect(responses.length).toBeGreaterThan(3);
  const places: Record<string, string> = {
    page: await page.content(),
    storage,
    history: entries
      .map(({ url }) => url)
      .filter((url) => url.startsWith(origin))
      .join("\n"),
    cookies: JSON.stringify(await context.cookies(origin)),
    network: responses.join("\n"),
  };
  for (const [place, text] of Object.entries(places)) {
    for (const secret of secrets) {
      const forms = [secret, encodeURIComponent(secret), btoa(secret).replace(/=+$/, "")];
      const found = forms.some((form) => text.includes(form));
      expect(found, `${place} contains a secret that starts with ${secret.slice(0, 8)}`).toBe(false);
    }
  }
}
