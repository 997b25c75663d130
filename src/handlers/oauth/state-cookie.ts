import { decode } from "jose/base64url";
import { toBase64Url } from "../../lib/digest.js";
import { HttpError } from "../http/http-error.js";
import { readCookies, setCookie } from "../http/cookies.js";
import type { HandlerContext } from "../types.js";
import { digest, randomText, STATE_LIFE_MS, type Attempt } from "./oauth-state.js";

// Each attempt has a cookie of its own, so that attempts in several tabs don't end one another.
const KEPT_COOKIES = 8;
// Browsers and servers limit the size of all cookies together.
const MAX_RUNNING = 24;

/** The browser's half of a new attempt. */
export interface StateCookie {
  attemptId: string;
  /** What the state holds of the cookie. */
  nonceHash: string;
  /** Values of `Set-Cookie`. */
  cookies: string[];
  /** The same, with a secret of the attempt that the browser keeps and can't read. */
  cookiesWith: (encryptedSecret: string) => string[];
}

/**
 * Creates the nonce that ties an attempt to this browser. Cookies of attempts that are over are removed if there are too
 * many. Those of running attempts stay: otherwise a page that makes the browser start many could end the user's own.
 *
 * @throws HttpError 429 if too many attempts are running.
 */
export async function createStateCookie(request: Request, context: HandlerContext): Promise<StateCookie> {
  const now = context.options.now();
  const cookies = ownCookies(request, context);
  const stale = cookies.filter(({ startedAt }) => !(Math.abs(now - startedAt) <= STATE_LIFE_MS));
  if (cookies.length - stale.length >= MAX_RUNNING) {
    const message = "Too many attempts to connect a calendar are running. Finish one, or wait ten minutes.";
    throw new HttpError(429, "rate_limited", message, { "Retry-After": String(STATE_LIFE_MS / 1000) });
  }
  const surplus = stale.slice(0, Math.max(0, cookies.length + 1 - KEPT_COOKIES));
  const attemptId = randomText(9);
  const nonce = createNonce(now);
  const cookiesOf = (value: string): string[] => [
    ...surplus.map(({ name }) => setCookie(name, "", attributes(context, 0))),
    setCookie(cookieName(context, attemptId), value, attributes(context, STATE_LIFE_MS)),
  ];
  return {
    attemptId,
    nonceHash: await digest(nonce),
    cookies: cookiesOf(nonce),
    cookiesWith: (encryptedSecret) => cookiesOf(`${nonce}.${encryptedSecret}`),
  };
}

/** Whether this is the browser in which the attempt was started. */
export async function isSameBrowser(
  request: Request,
  context: HandlerContext,
  { id, nonceHash }: Pick<Attempt, "id" | "nonceHash">,
): Promise<boolean> {
  const { nonce } = readCookie(request, context, id);
  return nonce !== "" && (await digest(nonce)) === nonceHash;
}

/** The encrypted secret that the browser keeps of an attempt; `null` if there is none. */
export function encryptedSecretOf(request: Request, context: HandlerContext, id: string): string | null {
  return readCookie(request, context, id).encryptedSecret;
}

function readCookie(
  request: Request,
  context: HandlerContext,
  id: string,
): { nonce: string; encryptedSecret: string | null } {
  const value = readCookies(request).get(cookieName(context, id)) ?? "";
  const end = value.indexOf(".");
  if (end < 0) return { nonce: value, encryptedSecret: null };
  return { nonce: value.slice(0, end), encryptedSecret: value.slice(end + 1) };
}

/** The user's attempts that were started in this browser: the ids of those that run, and what others have left. */
export async function attemptsOfThisBrowser(
  request: Request,
  context: HandlerContext,
  userId: string,
): Promise<{ leftIds: number[]; runningIds: string[] }> {
  const cookies = ownCookies(request, context).slice(-MAX_RUNNING);
  const now = context.options.now();
  const found = await Promise.all(
    cookies.map(async ({ attemptId: id, startedAt }) => {
      const kept = await context.attempts.find(id);
      const isOwn = kept?.userId === userId && (await isSameBrowser(request, context, { ...kept, id }));
      return isOwn ? [{ id, leftIds: kept.leftIds, isYoung: now - startedAt <= STATE_LIFE_MS }] : [];
    }),
  );
  const own = found.flat();
  return {
    leftIds: own.flatMap(({ leftIds }) => leftIds ?? []),
    runningIds: own.filter(({ leftIds, isYoung }) => leftIds === null && isYoung).map(({ id }) => id),
  };
}

/** 28 random bytes, after the second of the start: a browser doesn't say how old a cookie is. */
function createNonce(now: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  new DataView(bytes.buffer).setUint32(0, Math.floor(now / 1000));
  return toBase64Url(bytes);
}

/** When a cookie's nonce was created, in milliseconds since 1970; `NaN` for a value of another kind. */
function startOf(value: string): number {
  const [nonce] = /^[\w-]{43}(?=\.|$)/.exec(value) ?? [];
  if (nonce === undefined) return NaN;
  const { buffer, byteOffset } = decode(nonce);
  return new DataView(buffer, byteOffset).getUint32(0) * 1000;
}

interface OwnCookie {
  name: string;
  attemptId: string;
  startedAt: number;
}

/** The cookies of attempts, the oldest first: a browser sends them in the order in which they were set. */
function ownCookies(request: Request, context: HandlerContext): OwnCookie[] {
  const prefix = cookieName(context, "");
  return (
    [...readCookies(request)]
      // The names are sent back in Set-Cookie headers.
      .filter(([name]) => name.startsWith(prefix) && /^[\w-]+$/.test(name))
      .map(([name, value]) => ({
        name,
        attemptId: name.slice(prefix.length),
        startedAt: startOf(value),
      }))
  );
}

function cookieName({ options }: HandlerContext, attemptId: string): string {
  return `${isSecure(options.appUrl) ? "__Host-" : ""}calbridge-${attemptId}`;
}

function attributes(
  { options }: HandlerContext,
  lifeMs: number,
): { isSecure: boolean; maxAgeSeconds: number } {
  return { isSecure: isSecure(options.appUrl), maxAgeSeconds: lifeMs / 1000 };
}

function isSecure(url: URL): boolean {
  return url.protocol === "https:";
}
