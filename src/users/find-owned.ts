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
  const candidates = await listByAddress(context, [email, await taggedAddress(email, userIds[0])], options);
  for (const owner of userIds) {
    for (const user of candidates) if ((await ownershipOf(user, owner)) === "own") return user;
  }
  return undefined;
}

/** The managed users with one of these addresses. Cal.com may list others with a similar one. */
export async function listByAddress(
  context: UserContext,
  emails: readonly string[],
  options?: CallOptions,
): Promise<ManagedUser[]> {
  const { clientId } = platformClientOf(context);
  const spellings = emails.flatMap(spellingsOf);
  const query = { emails: spellings, limit: spellings.length };
  const users = await listManagedUsers(context.sendAsClient, clientId, query, options);
  return users.filter((user) => hasOneOf(user, emails, clientId));
}

/** Whether a managed user has one of these addresses. */
export function hasOneOf({ email }: ManagedUser, emails: readonly string[], clientId: string): boolean {
  return emails.some((one) => hasAddress(email, one, clientId));
}
