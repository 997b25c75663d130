import { getProfile } from "../api/endpoints/profile.js";
import { exchangeCode, type OAuthTokens } from "../api/endpoints/oauth-tokens.js";
import type { CallOptions, Send } from "../api/request.js";
import { calUserIdIn, teamIdIn } from "../api/token-claims.js";
import { CalApiError, CalError, CalLinkError } from "../errors.js";
import { clientRejected } from "../grants/oauth-grant.js";
import { detailsOf, toDetailsText, type TokenDetails } from "../tokens/details.js";
import type { CheckedWrite } from "../tokens/checked-store.js";
import type { HeldLease } from "../tokens/refresh-lease.js";
import { hasSameTokens, tokenColumns, withDetails } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { CONFIRM_AFTER_MS } from "../tokens/token-writer.js";
import type { UserContext } from "./context.js";
import type { CodeGrant, LinkOptions, ResolvedOAuth } from "./oauth-types.js";
import { assertKeepsDetails, storeLink } from "./store-link.js";

/** The client that links. */
interface Linking {
  context: UserContext;
  client: ResolvedOAuth;
  sendToken: Send;
}

/** Exchanges the code and stores the link. Runs under the user's lease. */
export async function linkAccount(
  how: Linking,
  userId: string,
  grant: CodeGrant,
  options: LinkOptions,
  lease: HeldLease,
): Promise<void> {
  const { context } = how;
  const { tokens, store } = context;
  const { timeoutMs, takeOver = false } = options;
  const existing = await store.get(userId);
  await assertKeepsDetails(store, existing);
  // A refresh of another process, which runs if this one was frozen, would end the new tokens.
  if (!lease.isFresh()) await lease.renew();
  const issued = await exchange(how, grant, { timeoutMs });
  const calUserId = accountOf(issued);
  const isCertain = lease.isFresh() && !takeOver;
  await renewAfterFreeze(lease);
  const writeOver = (current: TokenRecord | null): CheckedWrite | null => {
    if (isNewerLink(how, calUserId, current, existing)) return null;
    assertReplaceable(current, calUserId, options);
    const details = newDetails(how, calUserId, issued, current ?? existing, isCertain);
    return { userId, calUserId, ...tokenColumns(issued), details: toDetailsText(details) };
  };
  // Before anything else: the code is used up, and these are the only tokens that came of it.
  const record = await storeLink(context, { userId, writeOver }, options);
  tokens.forget(userId);
  await storeEmail(context, record, { timeoutMs });
  tokens.forget(userId);
  if (record.calRefreshToken !== issued.refreshToken) tokens.keepSpare(record, { ...issued, issuedAt: null });
  context.connections?.changed(userId);
}

/** Waits for a refresh that another process has begun while this one was frozen. The code is used up, so it goes on. */
async function renewAfterFreeze(lease: HeldLease): Promise<void> {
  try {
    if (!lease.isFresh()) await lease.renew();
  } catch (error) {
    if (!(error instanceof CalError)) throw error;
  }
}

/**
 * Whether another process has refreshed or linked this account while this one was frozen: those tokens work, and a
 * refresh of them has ended ours.
 */
function isNewerLink(
  { client }: Linking,
  calUserId: number,
  current: TokenRecord | null,
  existing: TokenRecord | null,
): boolean {
  if (current?.calUserId !== calUserId || (existing && hasSameTokens(current, existing))) return false;
  const { grant, clientId } = detailsOf(current);
  return grant === "oauth" && clientId === client.clientId;
}

async function exchange(
  { context, client, sendToken }: Linking,
  grant: CodeGrant,
  options: CallOptions,
): Promise<OAuthTokens> {
  const { clientId, clientSecret } = client;
  try {
    const { now } = context.options;
    return await exchangeCode(sendToken, { clientId, clientSecret }, grant, { ...options, now });
  } catch (error) {
    throw exchangeError(error);
  }
}

/** The details of a new link. The rotation goes on from the record before, so that every process sees the change. */
function newDetails(
  { context, client }: Linking,
  calUserId: number,
  issued: OAuthTokens,
  existing: TokenRecord | null,
  isCertain: boolean,
): TokenDetails {
  const now = context.options.now();
  const before = existing && detailsOf(existing);
  const previous = before?.grant === "managed" ? existing?.calUserId : before?.previousCalUserId;
  const email = existing?.calUserId === calUserId ? before?.email : undefined;
  // A refresh that was sent before may end these tokens yet.
  const mayBeEnded = before?.refreshSentAt !== undefined || !isCertain;
  return {
    grant: "oauth",
    rotation: (before?.rotation ?? 0) + 1,
    clientId: client.clientId,
    linkedAt: now,
    ...(issued.scopes && { scopes: issued.scopes }),
    ...(email !== undefined && { email }),
    ...(mayBeEnded && { confirmAt: now + CONFIRM_AFTER_MS }),
    ...(previous !== undefined && previous !== calUserId && { previousCalUserId: previous }),
  };
}

/** Adds the account's address, to show whom the user has linked. Left out without the scope, or if Cal.com fails now. */
async function storeEmail(
  { store, transport, options: client }: UserContext,
  record: TokenRecord,
  options: CallOptions,
): Promise<void> {
  const { calAccessToken: accessToken, calUserId, version: ifVersion } = record;
  try {
    const profile = await getProfile(
      (call) => transport.send(call, { kind: "bearer", accessToken }),
      options,
    );
    if (profile.id !== calUserId) return;
    await store.set(withDetails(record, { email: profile.email }), { ifVersion });
  } catch (error) {
    if (!(error instanceof CalError)) throw error;
    client.warn("calbridge: the address of a linked account could not be read", { error: error.code });
  }
}

/** The Cal.com user that the tokens act for. */
function accountOf({ accessToken }: OAuthTokens): number {
  if (teamIdIn(accessToken) !== null) {
    throw new CalLinkError(
      "A team was chosen at Cal.com. Calendars belong to a person: sign in as yourself and start again.",
      "team_account_not_supported",
    );
  }
  const calUserId = calUserIdIn(accessToken);
  if (calUserId !== null) return calUserId;
  throw new CalLinkError("Cal.com's access token does not say whose it is. Start again.", "code_rejected");
}

function assertReplaceable(existing: TokenRecord | null, calUserId: number, { replace }: LinkOptions): void {
  const isOther = existing !== null && existing.calUserId !== calUserId;
  if (!isOther || detailsOf(existing).grant !== "oauth" || replace) return;
  throw new CalLinkError(
    "The user has linked another Cal.com account, which stays linked. To link this one instead: { replace: true }.",
    "different_cal_account",
  );
}

function exchangeError(error: unknown): unknown {
  if (!(error instanceof CalApiError)) return error;
  const { apiCode, apiMessage = "" } = error;
  if (apiCode === "invalid_client" || apiCode === "unauthorized_client") {
    return clientRejected(apiMessage, "Nothing was linked.");
  }
  if (apiCode !== "invalid_grant" && apiCode !== "invalid_request") return error;
  const advice = /redirect_uri/.test(apiMessage)
    ? "redirectUri must equal a registered one character for character."
    : "A code works once, for ten minutes. Start again with authorizationUrl().";
  return new CalLinkError(
    `Cal.com did not accept the code (${apiMessage.slice(0, 80)}). ${advice}`,
    "code_rejected",
    { status: error.status, requestId: error.requestId },
  );
}
