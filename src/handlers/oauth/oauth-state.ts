import * as z from "zod/mini";
import type { OAuthProvider } from "../../index.js";
import { oauthProviders } from "../../calendars/providers.js";
import { sha256, toBase64Url } from "../../lib/digest.js";
import { isPopupId } from "../http/return-page.js";
import type { EncryptedJson } from "./encrypted-json.js";

/** How long after its start an attempt can be completed. */
export const STATE_LIFE_MS = 10 * 60_000;
const MAX_STATE_AGE_MS = 24 * 60 * 60_000;

/** What was connected when an attempt started. */
export interface Found {
  /** The provider's connections, without delegated ones. */
  credentialIds: number[];
  /** Those that Cal.com has marked as invalid: a new consent to the same account makes them work again. */
  invalidIds: number[];
  /** Those that were revoked at the provider: Cal.com ignores a new consent to the same account. */
  revokedIds: number[];
  /** The connection that the user wants to connect again, if it is about one. */
  target?: Target | undefined;
}

/** A connection that is to be connected again. */
export interface Target {
  credentialId: number;
  /** The account's address; `null` if it is not known: a broken connection does not say it. */
  email: string | null;
}

/** What the state of every attempt has. */
export interface StartedAttempt {
  /** Names the cookie, and what the token store keeps. */
  id: string;
  userId: string;
  /** SHA-256 of the browser's cookie. */
  nonceHash: string;
  /** In milliseconds since 1970. */
  startedAt: number;
  /** Where to go afterwards, in place of the success and the error page. */
  returnUrl?: string | undefined;
  /** The channel of the page that has opened a popup for it. */
  popup?: string | undefined;
}

/** One attempt to connect a calendar, from the connect URL to the callback. What of it travels in the state. */
export interface Attempt extends StartedAttempt {
  provider: OAuthProvider;
  /** Whose connection it becomes: Cal.com's id of the user. */
  calUserId: number;
  /** Whether a Cal.com account was linked just before, in one flow. */
  isLinked?: boolean | undefined;
  /** Only if the token store can't keep it. */
  found?: Found | undefined;
}

export const providerSchema = z.enum(oauthProviders);
export const popupSchema = z.string().check(z.refine(isPopupId));
export const foundSchema = z.object({
  credentialIds: z.array(z.number()),
  invalidIds: z.array(z.number()),
  revokedIds: z.array(z.number()),
  target: z.optional(z.object({ credentialId: z.number(), email: z.nullable(z.string()) })),
});

const attemptSchema = z.object({
  kind: z.literal("attempt"),
  id: z.string(),
  userId: z.string(),
  provider: providerSchema,
  calUserId: z.number(),
  isLinked: z.optional(z.boolean()),
  nonceHash: z.string(),
  startedAt: z.number(),
  returnUrl: z.optional(z.string()),
  popup: z.optional(popupSchema),
  found: z.optional(foundSchema),
});

/** Encrypts an attempt into the state that travels with the user. */
export function encryptAttempt(encryptedJson: EncryptedJson, attempt: Attempt): Promise<string> {
  // `kind` keeps other encrypted JSON from being taken for an attempt.
  return encryptedJson.encrypt({ kind: "attempt", ...attempt });
}

/** The attempt in a state; `null` if it was not made by these handlers, or more than a day ago. */
export async function decryptAttempt(
  encryptedJson: EncryptedJson,
  state: string,
  now: number,
): Promise<Attempt | null> {
  const parsed = z.safeParse(attemptSchema, await encryptedJson.decrypt(state));
  if (!parsed.success) return null;
  const attempt: Attempt = parsed.data;
  return isOfToday(attempt, now) ? attempt : null;
}

/** Whether an attempt was started in the last day. An older state is treated like one that was made elsewhere. */
export function isOfToday({ startedAt }: StartedAttempt, now: number): boolean {
  const age = now - startedAt;
  // Servers' clocks differ a little.
  return age >= -STATE_LIFE_MS && age <= MAX_STATE_AGE_MS;
}

/** Whether an attempt is too old to be what its user wants now. */
export function hasExpired({ startedAt }: Pick<StartedAttempt, "startedAt">, now: number): boolean {
  return now - startedAt > STATE_LIFE_MS;
}

/** Random text of this many bytes, for a URL or a cookie. */
export function randomText(bytes: number): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** SHA-256, as text. */
export async function digest(text: string): Promise<string> {
  return toBase64Url(await sha256(text));
}
