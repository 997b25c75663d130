import { listManagedUsers, type ManagedUser } from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { hasAddress, spellingsOf, taggedAddress } from "./addresses.js";
import { platformClientOf, type UserContext } from "./context.js";
import { ownershipOf } from "./owner-metadata.js";

/**
 * The managed user with this address that was created for one of these application users: for the first of them that
 * has one. The address may have the tag of the first.
 */
export async function findOwned(
  context: UserContext,
  email: string,
  userIds: [string, ...string[]],
  options?: CallOptions,
): Promise<ManagedUser | undefined> {
  const { clientId } = platformClientOf(context);
  const emails = [email, await taggedAddress(email, userIds[0])];
  const spellings = emails.flatMap(spellingsOf);
  const query = { emails: spellings, limit: spellings.length };
  const users = await listManagedUsers(context.sendAsClient, clientId, query, options);
  const candidates = users.filter((user) => emails.some((one) => hasAddress(user.email, one, clientId)));
  for (const owner of userIds) {
    for (const user of candidates) if ((await ownershipOf(user, owner)) === "own") return user;
  }
  return undefined;
}
