import {
  updateManagedUser,
  type ManagedUser,
  type ManagedUserMetadata,
} from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { unlessNotFound } from "../api/unless-not-found.js";
import { detailsOf } from "../tokens/details.js";
import { withDetails } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { platformClientOf, type UserContext } from "./context.js";
import { findManagedUser, ownedByAnother } from "./owned-grant.js";
import { assertRoomForOwnerHash, ownershipOf, withOwnerHash } from "./owner-metadata.js";

/** What {@link claimUser} has found: `claimed`, the managed user had no owner hash and has one now. */
export type ClaimOutcome = "owned" | "claimed" | "in_use" | "gone" | "not_managed";

/**
 * Gives the managed user of a record that came from elsewhere the owner hash of its application user. Without it, a
 * person who gets the same e-mail address later could not be distinguished from this one.
 */
export async function claimUser(
  context: UserContext,
  record: TokenRecord,
  options: CallOptions = {},
): Promise<ClaimOutcome> {
  const { store, tokens } = context;
  const { userId, calUserId } = record;
  const { grant, isOwned } = detailsOf(record);
  if (grant !== "managed") return "not_managed";
  if (isOwned) return "owned";
  const user = await findManagedUser(
    context.sendAsClient,
    platformClientOf(context).clientId,
    calUserId,
    options,
  );
  if (!user) return "gone";
  const ownership = await ownershipOf(user, userId);
  if (ownership === "other") return "in_use";
  if (ownership === "unowned" && !(await setOwner(context, user, userId, options))) return "gone";
  // If the row has changed meanwhile, the next claim finds the hash.
  await store.set(withDetails(record, { isOwned: true }), { ifVersion: record.version });
  tokens.forget(userId);
  return ownership === "own" ? "owned" : "claimed";
}

/** Gives a managed user the owner hash of an application user. Returns `false` if it was deleted meanwhile. */
export async function setOwner(
  context: UserContext,
  user: ManagedUser,
  userId: string,
  options: CallOptions,
): Promise<boolean> {
  assertRoomForOwnerHash(user.metadata);
  const metadata = await withOwnerHash(
    (user.metadata ?? undefined) as ManagedUserMetadata | undefined,
    userId,
  );
  const { clientId } = platformClientOf(context);
  const updated = updateManagedUser(context.sendAsClient, clientId, user.id, { metadata }, options);
  return (await unlessNotFound(updated)) !== null;
}

/**
 * Refuses to change a managed user that was created for another application user: the row may have been changed by
 * hand, so Cal.com is asked, whatever the row says. Returns `false` if Cal.com no longer has it.
 *
 * @throws {@link CalUserInUseError}
 */
export async function assertOwned(
  context: UserContext,
  userId: string,
  calUserId: number,
  options: CallOptions = {},
): Promise<boolean> {
  const { clientId } = platformClientOf(context);
  const user = await findManagedUser(context.sendAsClient, clientId, calUserId, options);
  if (user && (await ownershipOf(user, userId)) === "other") throw ownedByAnother();
  return user !== null;
}
