import { deleteManagedUser } from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { unlessNotFound } from "../api/unless-not-found.js";
import { detailsOf } from "../tokens/details.js";
import { assertOwned } from "./claim.js";
import { platformClientOf, type UserContext } from "./context.js";

/**
 * Deletes a user: at Cal.com only a managed user, then the record. Runs under the user's lease. Returns whether there was
 * a record.
 */
export async function deleteUser(
  context: UserContext,
  userId: string,
  { calUserId, ...options }: CallOptions & { calUserId?: number | undefined } = {},
): Promise<boolean> {
  const { sendAsClient, store, tokens, connections } = context;
  const record = await store.get(userId);
  if (calUserId !== undefined && record?.calUserId !== calUserId) return false;
  if (record && detailsOf(record).grant === "managed") {
    if (await assertOwned(context, userId, record.calUserId, options)) {
      const { clientId } = platformClientOf(context);
      await unlessNotFound(deleteManagedUser(sendAsClient, clientId, record.calUserId, options));
    }
  }
  const wasThere = await store.delete(userId);
  // Whether or not the caller still waits for it.
  tokens.forget(userId);
  await connections?.forget(userId);
  return wasThere;
}
