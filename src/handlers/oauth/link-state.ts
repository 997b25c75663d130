import * as z from "zod/mini";
import type { OAuthProvider } from "../../index.js";
import type { EncryptedJson } from "./encrypted-json.js";
import { isOfToday, popupSchema, providerSchema, type StartedAttempt } from "./oauth-state.js";

/** One attempt to link a Cal.com account, from Cal.com's authorize page to the callback. What travels in the state. */
export interface LinkAttempt extends StartedAttempt {
  /** The OAuth client: a state of another one is not accepted. */
  clientId: string;
  /** Whose consent page comes next; absent if only the account is to be linked. */
  provider?: OAuthProvider | undefined;
  /** Whether the provider's page asks which account to use. */
  selectAccount?: boolean | undefined;
  /** The credential to connect again. */
  reconnectId?: number | undefined;
  /** Links another Cal.com account than the one that is linked. */
  replace?: boolean | undefined;
  /** Takes the Cal.com account from the application user who has it. */
  takeOver?: boolean | undefined;
}

const linkSchema = z.object({
  kind: z.literal("link"),
  id: z.string(),
  userId: z.string(),
  nonceHash: z.string(),
  startedAt: z.number(),
  returnUrl: z.optional(z.string()),
  popup: z.optional(popupSchema),
  clientId: z.string(),
  provider: z.optional(providerSchema),
  selectAccount: z.optional(z.boolean()),
  reconnectId: z.optional(z.number()),
  replace: z.optional(z.boolean()),
  takeOver: z.optional(z.boolean()),
});

/** Encrypts an attempt into OAuth's `state`. */
export function encryptLink(encryptedJson: EncryptedJson, attempt: LinkAttempt): Promise<string> {
  // By `kind` the state of a calendar's callback is not accepted here, and this one not there.
  return encryptedJson.encrypt({ kind: "link", ...attempt });
}

/** The attempt in a state; `null` if it was not made by these handlers for this client, or more than a day ago. */
export async function decryptLink(
  encryptedJson: EncryptedJson,
  state: string,
  { clientId, now }: { clientId: string; now: number },
): Promise<LinkAttempt | null> {
  const parsed = z.safeParse(linkSchema, await encryptedJson.decrypt(state));
  if (!parsed.success || parsed.data.clientId !== clientId) return null;
  const attempt: LinkAttempt = parsed.data;
  return isOfToday(attempt, now) ? attempt : null;
}

const verifierSchema = z.object({ kind: z.literal("verifier"), id: z.string(), codeVerifier: z.string() });

/** Encrypts an attempt's code verifier (PKCE) for the state cookie: the browser must not be able to read it. */
export function encryptVerifier(
  encryptedJson: EncryptedJson,
  verifier: { id: string; codeVerifier: string },
): Promise<string> {
  return encryptedJson.encrypt({ kind: "verifier", ...verifier });
}

/** The code verifier of this attempt; `null` if the text holds none. */
export async function decryptVerifier(
  encryptedJson: EncryptedJson,
  text: string,
  id: string,
): Promise<string | null> {
  const parsed = z.safeParse(verifierSchema, await encryptedJson.decrypt(text));
  return parsed.success && parsed.data.id === id ? parsed.data.codeVerifier : null;
}
