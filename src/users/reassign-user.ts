import type { ManagedUser } from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { CalStoreError, CalTokenError, CalUserInUseError } from "../errors.js";
import { detailsOf } from "../tokens/details.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { adoptedRecord } from "./adopted-record.js";
import { setOwner } from "./claim.js";
import { platformClientOf, type UserContext } from "./context.js";
import { findOwned } from "./find-owned.js";
import { findManagedUser, ownedByAnother } from "./owned-grant.js";
import { ownershipOf } from "./owner-metadata.js";

/**
 * Gives the Cal.com user of `from` to `to`: the same person with a new id. With a record, the record moves. Without
 * one (the row was deleted with the account), `to` gets a record of the managed user with this address. The owner hash
 * is written before the row moves, and after a new row was inserted; if this process dies in between, the same call
 * completes it.
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
      const [record, taken] = [await store.get(from), await store.get(to)];
      if (record) {
        if (taken) throw hasOne();
        await moveRecord(context, record, to, options);
      } else {
        await moveManagedUser(context, { from, to, email, taken }, options);
      }
      tokens.forget(from);
      tokens.forget(to);
    }),
  );
}

async function moveRecord(
  context: UserContext,
  record: TokenRecord,
  to: string,
  options: CallOptions,
): Promise<void> {
  const { store } = context;
  if (!store.canReassign) {
    throw new CalStoreError("This token store can't move a record to another user: it has no reassign().");
  }
  const { userId: from, version: ifVersion } = record;
  if (detailsOf(record).grant === "managed") {
    const { clientId } = platformClientOf(context);
    const user = await findManagedUser(context.sendAsClient, clientId, record.calUserId, options);
    // A managed user that Cal.com no longer has: the record moves, and its next call says so.
    if (user) {
      await assertOneOf(user, [from, to]);
      await setOwner(context, user, to, options);
    }
  }
  const { createdAt, updatedAt, version, calServer, ...write } = record;
  if (!(await store.reassign({ ...write, userId: to }, { from, ifVersion }))) {
    throw new CalStoreError("A record changed while it was being moved. Nothing was lost; try again.");
  }
}

/** Refuses a managed user of a third application user: the row was changed by hand. */
async function assertOneOf(user: ManagedUser, userIds: string[]): Promise<void> {
  const ownerships = await Promise.all(userIds.map((userId) => ownershipOf(user, userId)));
  if (ownerships.every((ownership) => ownership === "other")) throw ownedByAnother();
}

interface Move {
  from: string;
  to: string;
  email: string | undefined;
  /** The record that `to` has already: of an earlier call that did not come to its end, or another one. */
  taken: TokenRecord | null;
}

async function moveManagedUser(
  context: UserContext,
  { from, to, email, taken }: Move,
  options: CallOptions,
): Promise<void> {
  const user = email === undefined ? undefined : await findOwned(context, email, [from, to], options);
  if (taken && taken.calUserId !== user?.id) throw hasOne();
  if (!user) {
    throw new CalTokenError(
      "The token store has no record of the user to take from, and Cal.com has no managed user with its owner hash and this address. Give { email }: the address that it was created with.",
      "user_not_found",
    );
  }
  // Not left to ensureUser(to): the managed user may have the address with the tag of `from`.
  if (!taken) await context.store.set(adoptedRecord(to, user.id, false), { ifVersion: null });
  await setOwner(context, user, to, options);
}

function hasOne(): CalUserInUseError {
  return new CalUserInUseError("The user that is to get the Cal.com user has one already.");
}
