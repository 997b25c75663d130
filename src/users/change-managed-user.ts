import {
  deleteManagedUser,
  updateManagedUser,
  type ManagedUser,
  type ManagedUserUpdate,
} from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { unlessNotFound } from "../api/unless-not-found.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { assertOwned } from "./claim.js";
import { platformClientOf, type UserContext } from "./context.js";
import { assertRoomForOwnerHash, withOwnerHash } from "./owner-metadata.js";

/** Changes the managed user of a record, if it was created for this application user. */
export async function updateOwnManagedUser(
  context: UserContext,
  { userId, calUserId }: TokenRecord,
  update: ManagedUserUpdate,
  options?: CallOptions,
): Promise<ManagedUser> {
  assertRoomForOwnerHash(update.metadata);
  await assertOwned(context, userId, calUserId, options);
  // The owner hash, by which ensureUser() finds its own users, would be replaced with the rest.
  const { metadata } = update;
  const owned = metadata ? { ...update, metadata: await withOwnerHash(metadata, userId) } : update;
  const { clientId } = platformClientOf(context);
  return updateManagedUser(context.sendAsClient, clientId, calUserId, owned, options);
}

/** Deletes a managed user at Cal.com, if it was created for this application user. */
export async function deleteOwnManagedUser(
  context: UserContext,
  { userId, calUserId }: Pick<TokenRecord, "userId" | "calUserId">,
  options?: CallOptions,
): Promise<void> {
  if (!(await assertOwned(context, userId, calUserId, options))) return;
  const { clientId } = platformClientOf(context);
  await unlessNotFound(deleteManagedUser(context.sendAsClient, clientId, calUserId, options));
}
