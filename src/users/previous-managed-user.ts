import type { CallOptions } from "../api/request.js";
import { CalStoreError } from "../errors.js";
import { detailsOf } from "../tokens/details.js";
import { withDetails } from "../tokens/token-record.js";
import { deleteOwnManagedUser } from "./change-managed-user.js";
import { platformClientOf, type UserContext } from "./context.js";
import { findOwned } from "./find-owned.js";

const MAX_ATTEMPTS = 4;

/**
 * Deletes the managed user that a user had before their own Cal.com account was linked. Runs under the user's lease.
 * Returns whether there was one.
 *
 * @param email - Finds it where the record does not name it: after `unlink()`, which deletes the record.
 */
export async function deletePreviousManagedUser(
  context: UserContext,
  userId: string,
  email: string | undefined,
  options: CallOptions,
): Promise<boolean> {
  const { store, tokens } = context;
  const record = await store.get(userId);
  const calUserId =
    (record ? detailsOf(record) : {}).previousCalUserId ??
    (email === undefined ? undefined : (await findOwned(context, email, [userId], options))?.id);
  if (calUserId === undefined || calUserId === record?.calUserId) return false;
  // Also if there is nothing to delete: only this client could.
  platformClientOf(context);
  // Another application user may have adopted it since.
  const isFree = (await store.findUser(calUserId)) === null;
  if (isFree) await deleteOwnManagedUser(context, { userId, calUserId }, options);
  await forgetPrevious(context, userId, calUserId);
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
