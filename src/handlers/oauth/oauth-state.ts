import * as z from "zod/mini";
import type { OAuthProvider } from "../../index.js";
import { sha256, toBase64Url } from "../../lib/digest.js";
import type { EncryptedJson } from "./encrypted-json.js";

/** How long after the start a return is taken. */
export const STATE_LIFE_MS = 10 * 60_000;
/**
 * How long after the start a return that is refused is undone. A link lives at Cal.com as long as the
 * access token in it: an hour, and on a quiet client somewhat longer.
 */
export const ROLL_BACK_LIFE_MS = 24 * 60 * 60_000;

/** One try to connect a calendar, from the connect URL to the return. */
export interface Attempt {
  /** Names the cookie. */
  id: string;
  userId: string;
  provider: OAuthProvider;
  /** SHA-256 of what the cookie holds: its browser's half. */
  nonceHash: string;
  /** When it was started, in milliseconds since 1970. */
  startedAt: number;
  /** The provider's credentials that were there before: whatever else there is later may have come by this attempt. */
  credentialIds: number[];
  /** Where to go afterwards, in place of the success and the error page. */
  returnUrl?: string | undefined;
}

/** What a browser keeps of an attempt that is over: proof that it was its own, and what came of it. */
export interface EndedAttempt {
  attemptId: string;
  userId: string;
  /** The provider's credentials that were there when it ended. They are the user's own. */
  credentialIds: number[];
}

const providerSchema = z.enum(["google", "office365"]);
const ids = z.array(z.number());

// `kind` keeps one from being taken for the other.
const attemptSchema = z.object({
  kind: z.literal("attempt"),
  id: z.string(),
  userId: z.string(),
  provider: providerSchema,
  nonceHash: z.string(),
  startedAt: z.number(),
  credentialIds: ids,
  returnUrl: z.optional(z.string()),
});
const endedSchema = z.object({
  kind: z.literal("ended"),
  attemptId: z.string(),
  userId: z.string(),
  credentialIds: ids,
});

/** Seals an attempt into the state that travels with the user. */
export function encryptAttempt(sealer: EncryptedJson, attempt: Attempt): Promise<string> {
  return sealer.encrypt({ kind: "attempt", ...attempt });
}

/** The attempt in a state; `null` if it was not made here, or so long ago that it is no longer of interest. */
export async function decryptAttempt(
  sealer: EncryptedJson,
  sealed: string,
  now: number,
): Promise<Attempt | null> {
  const parsed = z.safeParse(attemptSchema, await sealer.decrypt(sealed));
  if (!parsed.success) return null;
  const attempt: Attempt = parsed.data;
  const age = now - attempt.startedAt;
  // Servers' clocks differ a little.
  return age >= -STATE_LIFE_MS && age <= ROLL_BACK_LIFE_MS ? attempt : null;
}

/** Whether an attempt has taken too long to be taken for what its user wants now. */
export function hasExpired({ startedAt }: Attempt, now: number): boolean {
  return now - startedAt > STATE_LIFE_MS;
}

/** Seals what is left of an attempt. */
export function encryptEndedAttempt(sealer: EncryptedJson, ended: EndedAttempt): Promise<string> {
  return sealer.encrypt({ kind: "ended", ...ended });
}

/** Opens what {@link encryptEndedAttempt} has sealed. */
export async function decryptEndedAttempt(
  sealer: EncryptedJson,
  sealed: string,
): Promise<EndedAttempt | null> {
  const parsed = z.safeParse(endedSchema, await sealer.decrypt(sealed));
  return parsed.success ? parsed.data : null;
}

/** Random text of so many bytes, fit for a URL and a cookie. */
export function randomText(bytes: number): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** SHA-256, as text. */
export async function digest(text: string): Promise<string> {
  return toBase64Url(await sha256(text));
}
