import { deleteManagedUser } from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { unlessNotFound } from "../api/unless-not-found.js";
import { CalStoreError } from "../errors.js";
import { detailsOf } from "../tokens/details.js";
import { withDetails } from "../tokens/token-record.js";
import { assertOwned } from "./claim.js";
import { platformClientOf, type UserContext } from "./context.js";

const MAX_ATTEMPTS = 4;

/**
 * Deletes the managed user that a user had before an own Cal.com account was linked. Runs under the user's lease.
 * Returns whether there was one.
 */
export async function deletePreviousManagedUser(
  context: UserContext,
  userId: string,
  options?: CallOptions,
): Promise<boolean> {
  const { store, sendAsClient, tokens } = context;
  const record = await store.get(userId);
  const { previousCalUserId } = record ? detailsOf(record) : {};
  if (previousCalUserId === undefined) return false;
  const { clientId } = platformClientOf(context);
  // Another application user may have adopted it since.
  const isFree = (await store.findUser(previousCalUserId)) === null;
  if (isFree && (await assertOwned(context, userId, previousCalUserId, options))) {
    await unlessNotFound(deleteManagedUser(sendAsClient, clientId, previousCalUserId, options));
  }
  await forgetPrevious(context, userId, previousCalUserId);
  tokens.forget(userId);
  return true;
}

async function forgetPrevious({ store }: UserContext, userId: string, calUserId: number): Promise<void> {
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
    const record = await store.get(userId);
    if (!record || detailsOf(record).previousCalUserId !== calUserId) return;
    const write = withDetails(record, { previousCalUserId: undefined });
    if (await store.set(write, { ifVersion: record.version })) return;
  }
  throw new CalStoreError("The user's record changed during every attempt to write it. Call it again.");
}
