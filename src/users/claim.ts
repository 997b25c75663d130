import {
  getManagedUser,
  updateManagedUser,
  type ManagedUserMetadata,
} from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { CalApiError, CalUserInUseError } from "../errors.js";
import { detailsOf } from "../tokens/details.js";
import { withDetails } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { platformClientOf, type UserContext } from "./context.js";
import { assertRoomForOwnerHash, ownershipOf, withOwnerHash } from "./owner-metadata.js";

/** What {@link claimUser} has found: `claimed`, the managed user had no owner hash and has one now. */
export type ClaimOutcome = "owned" | "claimed" | "in_use" | "gone" | "not_managed";

/**
 * Gives the managed user of a record that came from elsewhere the owner hash of its application user. Without it, a
 * person who gets the same e-mail address later could not be told from this one.
 */
export async function claimUser(
  context: UserContext,
  record: TokenRecord,
  options: CallOptions = {},
): Promise<ClaimOutcome> {
  const { sendAsClient: send, store, tokens } = context;
  const { userId, calUserId } = record;
  const { grant, isOwned } = detailsOf(record);
  if (grant !== "managed") return "not_managed";
  if (isOwned) return "owned";
  const { clientId } = platformClientOf(context);
  try {
    const user = await getManagedUser(send, clientId, calUserId, options);
    const ownership = await ownershipOf(user, userId);
    if (ownership === "other") return "in_use";
    if (ownership === "unowned") {
      assertRoomForOwnerHash(user.metadata);
      const metadata = await withOwnerHash(user.metadata as ManagedUserMetadata | undefined, userId);
      await updateManagedUser(send, clientId, calUserId, { metadata }, options);
    }
    // If the row has changed meanwhile, the next claim finds the hash.
    await store.set(withDetails(record, { isOwned: true }), { ifVersion: record.version });
    tokens.forget(userId);
    return ownership === "own" ? "owned" : "claimed";
  } catch (error) {
    if (error instanceof CalApiError && error.code === "not_found") return "gone";
    throw error;
  }
}

/** Refuses to go on for a managed user that was created for another application user. */
export function assertOwn(outcome: ClaimOutcome): void {
  if (outcome !== "in_use") return;
  throw new CalUserInUseError(
    "The managed user of this record was created for another of the application's users. If it is the same person with a new id: cal.reassignUser(from, to).",
  );
}
