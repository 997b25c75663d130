import {
  getManagedUser,
  listManagedUsers,
  updateManagedUser,
  type ManagedUser,
  type ManagedUserMetadata,
} from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { CalStoreError, CalTokenError, CalUserInUseError } from "../errors.js";
import { detailsOf } from "../tokens/details.js";
import { hasAddress, spellingsOf, taggedAddress } from "./addresses.js";
import { platformClientOf, type UserContext } from "./context.js";
import { assertRoomForOwnerHash, ownershipOf, withOwnerHash } from "./owner-metadata.js";

/**
 * Gives the Cal.com user of `from` to `to`: the same person with a new id. With a record, the record moves. Without
 * one (the row was deleted with the account), the managed user with this address gets the new owner hash, and
 * `ensureUser(to)` finds it.
 */
export async function reassignUser(
  context: UserContext,
  from: string,
  to: string,
  email: string | undefined,
  options: CallOptions,
): Promise<void> {
  const { store, tokens } = context;
  // Always in the same order, so that two calls in opposite directions don't wait for each other.
  const [first, second] = [from, to].sort() as [string, string];
  await tokens.withLease(first, () =>
    tokens.withLease(second, async () => {
      if (await store.get(to)) {
        throw new CalUserInUseError(`The user that is to get the Cal.com user has one already.`);
      }
      const record = await store.get(from);
      if (record) await moveRecord(context, record.version, from, to, options);
      else await moveManagedUser(context, from, to, email, options);
      tokens.forget(from);
      tokens.forget(to);
    }),
  );
}

async function moveRecord(
  context: UserContext,
  ifVersion: number,
  from: string,
  to: string,
  options: CallOptions,
): Promise<void> {
  const { store, sendAsClient: send } = context;
  if (!store.canReassign) {
    throw new CalStoreError("This token store can't move a record to another user: it has no reassign().");
  }
  const record = await store.get(from);
  if (record?.version !== ifVersion) throw changedMeanwhile();
  if (detailsOf(record).grant === "managed") {
    // Before the row moves: if this process dies in between, the same call completes it.
    const user = await getManagedUser(send, platformClientOf(context).clientId, record.calUserId, options);
    await setOwner(context, user, to, options);
  }
  const { createdAt, updatedAt, version, calServer, ...write } = record;
  if (!(await store.reassign({ ...write, userId: to }, { from, ifVersion }))) throw changedMeanwhile();
}

async function moveManagedUser(
  context: UserContext,
  from: string,
  to: string,
  email: string | undefined,
  options: CallOptions,
): Promise<void> {
  const user = email === undefined ? undefined : await findOwned(context, from, email, options);
  if (!user) {
    throw new CalTokenError(
      "The token store has no record of the user to take from, and Cal.com has no managed user with its owner hash and this address. Give { email }: the address that it was created with.",
      "user_not_found",
    );
  }
  await setOwner(context, user, to, options);
}

async function findOwned(
  context: UserContext,
  userId: string,
  email: string,
  options: CallOptions,
): Promise<ManagedUser | undefined> {
  const { sendAsClient: send } = context;
  const { clientId } = platformClientOf(context);
  const emails = [email, await taggedAddress(email, userId)];
  const spellings = emails.flatMap(spellingsOf);
  const users = await listManagedUsers(
    send,
    clientId,
    { emails: spellings, limit: spellings.length },
    options,
  );
  for (const user of users) {
    if (!emails.some((one) => hasAddress(user.email, one, clientId))) continue;
    if ((await ownershipOf(user, userId)) === "own") return user;
  }
  return undefined;
}

async function setOwner(
  context: UserContext,
  user: ManagedUser,
  userId: string,
  options: CallOptions,
): Promise<void> {
  assertRoomForOwnerHash(user.metadata);
  const metadata = await withOwnerHash(
    (user.metadata ?? undefined) as ManagedUserMetadata | undefined,
    userId,
  );
  await updateManagedUser(
    context.sendAsClient,
    platformClientOf(context).clientId,
    user.id,
    { metadata },
    options,
  );
}

function changedMeanwhile(): CalStoreError {
  return new CalStoreError("A record changed while it was being moved. Nothing was lost; try again.");
}
