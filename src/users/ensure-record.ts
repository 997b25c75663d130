import type { ManagedUserInput } from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { detailsOf } from "../tokens/details.js";
import { userNotFound } from "../tokens/token-record.js";
import type { UserContext } from "./context.js";

/** Creates the record of a user who has none, and gives a managed user without an owner hash that hash. */
export async function ensureRecord(
  context: UserContext,
  userId: string,
  input: ManagedUserInput,
  options: CallOptions,
): Promise<void> {
  const { store, tokens, connections } = context;
  const { newUsers, managedUsers } = context.options;
  // Not the cache: another process may have deleted the user.
  const record = await store.get(userId);
  if (!record) {
    tokens.forget(userId);
    if (newUsers === "oauth") {
      throw userNotFound(
        "This user has not linked a Cal.com account. Send the browser to cal.oauth.authorizationUrl().",
      );
    }
    const { createUser } = await import("./for-managed-users.js");
    await createUser(context, userId, input, options);
    connections?.changed(userId);
    return;
  }
  const { grant, isOwned } = detailsOf(record);
  if (!managedUsers || grant !== "managed" || isOwned) return;
  const { FirstUse } = await import("./for-managed-users.js");
  context.firstUse ??= new FirstUse();
  await context.firstUse.claim(context, record, options);
}
