import { readCookies, setCookie } from "../http/cookies.js";
import {
  digest,
  decryptEndedAttempt,
  randomText,
  encryptEndedAttempt,
  STATE_LIFE_MS,
  ROLL_BACK_LIFE_MS,
  type Attempt,
} from "./oauth-state.js";
import type { HandlerContext } from "../types.js";

// Each attempt has a cookie of its own, so that those in several tabs don't undo one another. This many are
// kept: browsers and servers bound the size of the lot.
const MAX_COOKIES = 8;

/** The browser's half of a new attempt. */
export interface StateCookie {
  attemptId: string;
  /** What the state holds of it. */
  nonceHash: string;
  cookies: string[];
}

/** Makes a browser's half, and takes the oldest ones away if there are too many. */
export async function createStateCookie(request: Request, context: HandlerContext): Promise<StateCookie> {
  const attemptId = randomText(9);
  const value = randomText(32);
  const surplus = ownCookies(request, context).slice(0, -(MAX_COOKIES - 1));
  return {
    attemptId,
    nonceHash: await digest(value),
    cookies: [
      ...surplus.map(([name]) => setCookie(name, "", attributes(context, 0))),
      setCookie(cookieName(context, attemptId), value, attributes(context, STATE_LIFE_MS)),
    ],
  };
}

/** What a browser's cookies say of an attempt: that it is its own, that it has ended there, or nothing. */
export async function compareStateCookie(
  request: Request,
  context: HandlerContext,
  attempt: Attempt,
): Promise<"own" | "ended" | "foreign"> {
  const value = readCookies(request).get(cookieName(context, attempt.id));
  if (value === undefined || value === "") return "foreign";
  if ((await digest(value)) === attempt.nonceHash) return "own";
  const ended = await decryptEndedAttempt(context.options.encryptedJson, value);
  return ended?.attemptId === attempt.id && ended.userId === attempt.userId ? "ended" : "foreign";
}

/** The credentials that attempts which ended in this browser have left the user with. */
export async function credentialsLeftHere(
  request: Request,
  context: HandlerContext,
  userId: string,
): Promise<Set<number>> {
  const ids = new Set<number>();
  for (const [, value] of ownCookies(request, context).slice(-2 * MAX_COOKIES)) {
    const ended = await decryptEndedAttempt(context.options.encryptedJson, value);
    if (ended?.userId === userId) for (const id of ended.credentialIds) ids.add(id);
  }
  return ids;
}

/** Turns the browser's half into a mark that the attempt has ended, and with what. */
export async function endStateCookie(
  context: HandlerContext,
  { id, userId }: Attempt,
  credentialIds: number[],
): Promise<string> {
  const value = await encryptEndedAttempt(context.options.encryptedJson, {
    attemptId: id,
    userId,
    credentialIds,
  });
  return setCookie(cookieName(context, id), value, attributes(context, ROLL_BACK_LIFE_MS));
}

/** Takes the browser's half away. */
export function clearStateCookie(context: HandlerContext, { id }: Attempt): string {
  return setCookie(cookieName(context, id), "", attributes(context, 0));
}

function ownCookies(request: Request, context: HandlerContext): [string, string][] {
  const prefix = cookieName(context, "");
  return [...readCookies(request)].filter(([name]) => name.startsWith(prefix) && isCookieName(name));
}

// The names go back out in Set-Cookie headers.
function isCookieName(name: string): boolean {
  return /^[\w-]+$/.test(name);
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

function isSecure(baseUrl: URL): boolean {
  return baseUrl.protocol === "https:";
}
