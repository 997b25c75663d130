import {
  createManagedUser,
  deleteManagedUser,
  getManagedUser,
  type ManagedUser,
  type ManagedUserInput,
} from "../api/endpoints/managed-users.js";
import type { CalTokens } from "../api/endpoints/tokens.js";
import type { CallOptions } from "../api/request.js";
import { CalApiError, CalError, type CalApiErrorCode } from "../errors.js";
import { toDetailsText } from "../tokens/details.js";
import { tokenColumns } from "../tokens/token-record.js";
import { adoptedRecord } from "./adopted-record.js";
import { taggedAddress } from "./addresses.js";
import { setOwner } from "./claim.js";
import { platformClientOf, type UserContext } from "./context.js";
import { hasOneOf, listByAddress } from "./find-owned.js";
import { assertRoomForOwnerHash, ownershipOf, withOwnerHash } from "./owner-metadata.js";

/**
 * Creates the record of a user that has none, with a managed user at Cal.com that is created or found. Runs under the
 * user's lease, so that of several processes one creates it.
 */
export async function createUser(
  context: UserContext,
  userId: string,
  input: ManagedUserInput,
  options: CallOptions,
): Promise<void> {
  const { store, tokens, options: client } = context;
  const isAdopted = await tokens.withLease(userId, async () => {
    // Another process may have been faster.
    if (await store.get(userId)) return false;
    tokens.forget(userId);
    const found = await createOrFind(context, userId, input, options);
    if (found.tokens) await storeCreated(context, userId, found.user, found.tokens, options);
    else await adopt(context, userId, found.user, options);
    return found.tokens === null;
  });
  if (!isAdopted) return;
  // The record has no tokens yet.
  const { timeoutMs = client.timeoutMs } = options;
  await tokens.usable(userId, { timeoutMs });
}

interface CreatedOrFound {
  user: ManagedUser;
  /** `null` for a managed user that was found. */
  tokens: CalTokens | null;
}

/** A new managed user; or, if Cal.com has one with this address or may have created one, that one. */
async function createOrFind(
  context: UserContext,
  userId: string,
  input: ManagedUserInput,
  options: CallOptions,
): Promise<CreatedOrFound> {
  const { sendAsClient: send } = context;
  const owned = { ...input, metadata: await withOwnerHash(input.metadata, userId) };
  const tagged = await taggedAddress(input.email, userId);
  for (const email of [input.email, tagged]) {
    try {
      return await createManagedUser(send, platformClientOf(context).clientId, { ...owned, email }, options);
    } catch (error) {
      if (!(error instanceof CalError) || !mayHaveLeftAUser(error)) throw error;
      const found = await findUser(context, [input.email, tagged], error, options);
      if (found) return { user: await assertAdoptable(context, found, userId), tokens: null };
      // A conflict with another address: the user name is taken. With a tag in the address it is another name.
      if (error.code !== "conflict") throw error;
    }
  }
  throw conflict(
    "username_taken",
    "Cal.com has a managed user with the same user name, also for this address with a tag in it. Give this user another address.",
  );
}

// Creating is not atomic: after a 500 or a lost response the user may exist.
function mayHaveLeftAUser({ code }: CalError): boolean {
  return ["conflict", "server_error", "timeout", "network_error", "invalid_response"].includes(code);
}

/** The managed user with one of these addresses. */
async function findUser(
  context: UserContext,
  emails: string[],
  error: CalError,
  options: CallOptions,
): Promise<ManagedUser | undefined> {
  const { sendAsClient: send } = context;
  const { clientId } = platformClientOf(context);
  const apiMessage = error instanceof CalApiError && error.code === "conflict" && error.apiMessage;
  const id = apiMessage ? /Existing user ID=(\d+)/.exec(apiMessage)?.[1] : undefined;
  if (id !== undefined) {
    const named = await getManagedUser(send, clientId, Number(id), options);
    if (hasOneOf(named, emails, clientId)) return named;
  }
  // A 409 may mean another person with a similar address: only the same address counts.
  return (await listByAddress(context, emails, options))[0];
}

/** The managed user, if this application user may have it. */
async function assertAdoptable(
  context: UserContext,
  user: ManagedUser,
  userId: string,
): Promise<ManagedUser> {
  const ownership = await ownershipOf(user, userId);
  if (ownership === "own") return user;
  if (ownership === "other") {
    throw conflict(
      "email_in_use",
      "Cal.com has a managed user with this address, which was created for another of the application's users. If it is the same person with a new id: cal.reassignUser(from, to, { email }).",
    );
  }
  if (!platformClientOf(context).adoptUnowned) {
    throw conflict(
      "unowned_user",
      "Cal.com has a managed user with this address, and it does not say for whom it was created. If every address is verified and belongs to one person: managedUsers.adoptUnowned. Otherwise delete it: cal.managedUsers.delete(id).",
    );
  }
  assertRoomForOwnerHash(user.metadata);
  return user;
}

function conflict(code: CalApiErrorCode, message: string): CalApiError {
  return new CalApiError(message, { code, status: 409 });
}

async function storeCreated(
  context: UserContext,
  userId: string,
  user: ManagedUser,
  tokens: CalTokens,
  options: CallOptions,
): Promise<void> {
  const { store, sendAsClient: send } = context;
  const details = toDetailsText({ grant: "managed", rotation: 1, isOwned: true });
  const record = { ...tokenColumns(tokens), userId, calUserId: user.id, details };
  if (await store.set(record, { ifVersion: null })) return;
  // A store without leases: another process has given this user a record. The user created here has no owner.
  const stored = await store.get(userId);
  if (stored && stored.calUserId !== user.id) {
    await deleteManagedUser(send, platformClientOf(context).clientId, user.id, options);
  }
}

/**
 * Gives the user the record of a managed user that exists. The record is inserted first: the store refuses it if
 * another application user has this managed user, and then nothing has changed at Cal.com.
 */
async function adopt(
  context: UserContext,
  userId: string,
  user: ManagedUser,
  options: CallOptions,
): Promise<void> {
  const isOwned = (await ownershipOf(user, userId)) === "own";
  const inserted = await context.store.set(adoptedRecord(userId, user.id, isOwned), { ifVersion: null });
  if (inserted && !isOwned) await setOwner(context, user, userId, options);
}
