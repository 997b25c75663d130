import { listCalendars } from "../api/endpoints/calendar-list.js";
import { saveCredentials, type OAuthProvider } from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { assertObject, assertText } from "../lib/assert.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { assertAuthorized } from "./cal-state.js";
import { connectionsOf, isDelegated } from "./connections-of.js";
import { disconnectOne } from "./disconnect.js";
import { reasonOfListError } from "./status.js";

/** Who saves a code: the user, and how to make calls as the user and without authentication. */
interface Saver {
  send: Send;
  sendPublic: Send;
  record: (options?: CallOptions) => Promise<TokenRecord>;
}

/** Sends Cal.com a code and its state, after what would make Cal.com ignore the new tokens is disconnected. */
export async function saveCode(
  { send, sendPublic, record }: Saver,
  provider: OAuthProvider,
  input: { code: string; state: string },
  options: CallOptions | undefined,
): Promise<{ returnUrl: string | null }> {
  assertObject("The input", input);
  const { code, state } = input;
  assertText("code", code);
  assertText("state", state);
  const accessToken = assertAuthorized(state, await record(options));
  await disconnectRevoked(send, provider, options);
  const returnUrl = await saveCredentials(sendPublic, provider, { state, code }, [accessToken], options);
  return { returnUrl };
}

/** Disconnects what was revoked beyond doubt. The provider doesn't accept those tokens again. */
async function disconnectRevoked(
  send: Send,
  provider: OAuthProvider,
  options: CallOptions | undefined,
): Promise<void> {
  for (const connection of connectionsOf(await listCalendars(send, options), provider)) {
    const { error, credentialId } = connection;
    const isRevoked = error !== null && reasonOfListError(error.message) === "revoked";
    if (isRevoked && !isDelegated(connection)) await disconnectOne(send, provider, credentialId, options);
  }
}
