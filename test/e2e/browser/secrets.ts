import { expect } from "vitest";
import type { Answer, Demo } from "../../../examples/demo/start.js";
import type { Visitor } from "./visitor.js";

/** Notes every secret there is at Cal.com, as tokens come and go: call `note` often. */
export function watchSecrets({ services }: Demo): { note: () => void; all: () => string[] } {
  const secrets = new Set<string>();
  const { emulator } = services;
  if (!emulator) throw new Error("There are no secrets to know of the real Cal.com.");
  const note = (): void => {
    for (const { id } of emulator.users.list()) {
      const { accessTokens, refreshTokens } = emulator.users.tokens(id);
      for (const token of [...accessTokens, ...refreshTokens]) secrets.add(token);
    }
  };
  return {
    note,
    all() {
      note();
      expect(secrets.size > 0, "tokens are known as soon as there are users").toBe(
        emulator.users.list().length > 0,
      );
      return [...secrets, emulator.clientSecret, "good-app-pass", "wrong-app-pass"];
    },
  };
}

/** What the application sent to a browser. */
export interface Sent {
  url: string;
  /** Headers and body. */
  text: string;
}

/**
 * Keeps all that the application sends. Asked of the server: a browser forgets the answers of a page that
 * was left, and the one with the consent page's address is always one of them.
 */
export function keepSent(sent: Sent[]): (answer: Answer) => Answer {
  return (answer) => async (request) => {
    const response = await answer(request);
    const headers = JSON.stringify([...response.headers, ...response.headers.getSetCookie()]);
    const entry: Sent = { url: request.url, text: headers };
    sent.push(entry);
    void keepBody(response.clone(), entry);
    return response;
  };
}

async function keepBody({ body }: Response, entry: Sent): Promise<void> {
  if (!body) return;
  const decoder = new TextDecoder();
  try {
    // Chunk by chunk: the feed of the demo's panel never ends.
    for await (const chunk of body) entry.text += decoder.decode(chunk, { stream: true });
  } catch {
    // The browser has hung up.
  }
}

/** Fails if one of the secrets is anywhere that the application put it. */
export async function expectNoSecrets(
  { page, context }: Visitor,
  { secrets, sent, origin }: { secrets: string[]; sent: Sent[]; origin: string },
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
  const answers = sent
    // Its answer is the provider's address, and Cal.com has put the access token into that: there is no other
    // way to the consent page. It goes to the user whose token it is, and is not to be stored by anybody.
    .filter(({ url }) => !url.includes("/calendars/oauth-connect-url"))
    .map(({ url, text }) => `${url} ${text}`);
  expect(answers.length).toBeGreaterThan(3);
  const places: Record<string, string> = {
    page: await page.content(),
    storage,
    history: entries
      .map(({ url }) => url)
      .filter((url) => url.startsWith(origin))
      .join("\n"),
    cookies: JSON.stringify(await context.cookies(origin)),
    network: answers.join("\n"),
  };
  for (const [place, text] of Object.entries(places)) {
    for (const secret of secrets) {
      const forms = [secret, encodeURIComponent(secret), btoa(secret).replace(/=+$/, "")];
      const found = forms.some((form) => text.includes(form));
      expect(found, `${place} holds a secret that begins with ${secret.slice(0, 8)}`).toBe(false);
    }
  }
}
