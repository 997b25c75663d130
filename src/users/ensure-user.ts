import type { CallOptions } from "../api/request.js";
import {
  createManagedUser,
  deleteManagedUser,
  getManagedUser,
  listManagedUsers,
  updateManagedUser,
  type ManagedUser,
  type ManagedUserInput,
  type ManagedUserMetadata,
} from "../api/endpoints/managed-users.js";
import type { CalTokens } from "../api/endpoints/tokens.js";
import { CalApiError, CalError } from "../errors.js";
import { assertRoomForOwnerHash, mayBelongTo, MAX_METADATA_KEYS, withOwnerHash } from "./owner-metadata.js";
import { growingPauses, pause } from "../lib/backoff.js";
import type { TokenWrite } from "../tokens/token-store.js";
import { toWrite } from "../tokens/token-record.js";
import { assertManagedUserInput } from "./user-input.js";
import type { UserContext } from "./context.js";

// How long the process that created a user may take to store its tokens, before another takes the user over.
const MAX_READS_BEFORE_ADOPTING = 8;

/** Refuses input that can't be right, for every caller: of several at once, one's is used. */
export function assertEnsureInput(input: ManagedUserInput): void {
  assertManagedUserInput(input);
  assertRoomForOwnerHash(input.metadata);
}

/** Sees to it that the store has a record of the user: the one it has, or of a managed user found or created. */
export async function ensureUser(
  context: UserContext,
  userId: string,
  input: ManagedUserInput,
  options: CallOptions,
): Promise<void> {
  // Not the cache: another process may have deleted the user.
  if (await context.store.get(userId)) return;
  context.tokens.forget(userId);
  const found = await createOrFind(context, userId, input, options);
  if (found.tokens) await storeCreated(context, userId, found.user, found.tokens, options);
  else await adopt(context, userId, found.user, options);
}

/** A new managed user; or, if Cal.com has one for this address or may have made one, that one. */
async function createOrFind(
  context: UserContext,
  userId: string,
  input: ManagedUserInput,
  options: CallOptions,
): Promise<{ user: ManagedUser; tokens: CalTokens | null }> {
  const { sendAsClient: send, options: client } = context;
  const marked = { ...input, metadata: await withOwnerHash(input.metadata, userId) };
  try {
    return await createManagedUser(send, client.managedUsers.clientId, marked, options);
  } catch (error) {
    if (!(error instanceof CalError) || !mayHaveLeftAUser(error)) throw error;
    const found = await findUser(context, input.email, error, options);
    if (!found) throw error.code === "conflict" ? userNameTaken(error) : error;
    if (await mayBelongTo(found, userId)) return { user: found, tokens: null };
    throw new CalApiError(
      "Cal.com has a managed user with this e-mail address, and it belongs to another of the application's users. " +
        "Two users can't share an address.",
      { code: "conflict", status: error.status, requestId: error.requestId },
    );
  }
}

// Creating is not atomic: after a 500 or a lost answer the user may be there.
function mayHaveLeftAUser({ code }: CalError): boolean {
  return ["conflict", "server_error", "timeout", "network_error", "invalid_response"].includes(code);
}

async function findUser(
  { sendAsClient: send, options: client }: UserContext,
  email: string,
  error: CalError,
  options: CallOptions,
): Promise<ManagedUser | undefined> {
  const told = error instanceof CalApiError && error.code === "conflict" && error.apiMessage;
  const id = told ? /Existing user ID=(\d+)/.exec(told)?.[1] : undefined;
  if (id !== undefined) return getManagedUser(send, client.managedUsers.clientId, Number(id), options);

  // A 409 without an id may be somebody else with a like-named address: only the same address counts.
  const emails = [...new Set([email, email.toLowerCase()])];
  const users = await listManagedUsers(
    send,
    client.managedUsers.clientId,
    { emails, limit: emails.length },
    options,
  );
  const plain = (address: string) => address.replace(`+${client.managedUsers.clientId}@`, "@").toLowerCase();
  return users.find((user) => plain(user.email) === plain(email));
}

function userNameTaken(error: CalError): CalApiError {
  return new CalApiError(
    "Cal.com has a managed user whose user name is the same. It makes user names from the part of the address before " +
      "the @ and the first label behind it, so a@one.com and a@one.org collide. Give this user another address, such as a+2@one.org.",
    { code: "conflict", status: error.status, requestId: error.requestId, cause: error },
  );
}

async function storeCreated(
  context: UserContext,
  userId: string,
  user: ManagedUser,
  tokens: CalTokens,
  options: CallOptions,
): Promise<void> {
  const { store, sendAsClient: send, options: client } = context;
  if (await insert(context, { ...toWrite(tokens), userId, calUserId: user.id, calServer: "", details: null }))
    return;
  // Another process has given this user a record, with another address: the user made here is nobody's.
  const stored = await store.get(userId);
  if (stored && stored.calUserId !== user.id)
    await deleteManagedUser(send, client.managedUsers.clientId, user.id, options);
}

/**
 * Takes over a managed user that exists. New tokens end every older pair, so whoever has just created the user
 * gets a moment to store its own. Then the user gets a record without tokens, and the refresh protocol does the
 * rest: of all processes, one recovers, under the lease.
 */
async function adopt(
  context: UserContext,
  userId: string,
  user: ManagedUser,
  options: CallOptions,
): Promise<void> {
  const { store, tokens, sendAsClient: send, options: client } = context;
  const pauses = growingPauses();
  for (let look = 0; look < MAX_READS_BEFORE_ADOPTING; look += 1) {
    if (await store.get(userId)) return;
    await pause(pauses.next().value);
  }
  const metadata = await withOwnerHash(user.metadata as ManagedUserMetadata | undefined, userId);
  if (Object.keys(metadata).length <= MAX_METADATA_KEYS + 1) {
    await updateManagedUser(send, client.managedUsers.clientId, user.id, { metadata }, options);
  }
  // Equal to nothing that anybody could present.
  const calAccessToken = `none-${crypto.randomUUID()}`;
  await insert(context, {
    ...noTokens,
    calAccessToken,
    userId,
    calUserId: user.id,
    calServer: "",
    details: null,
  });
  const { timeoutMs = client.timeoutMs } = options;
  await tokens.usable(userId, { timeoutMs });
}

/** What of a record without tokens is always the same. A need for a token recovers it. */
const noTokens = {
  calAccessTokenExpiresAt: new Date(0),
  calRefreshToken: null,
  calRefreshTokenExpiresAt: null,
};

async function insert({ store, tokens }: UserContext, record: TokenWrite): Promise<boolean> {
  const written = await store.set(record, { ifVersion: null });
  tokens.forget(record.userId);
  return written !== null;
}
