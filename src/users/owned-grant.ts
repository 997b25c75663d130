import { getManagedUser, type ManagedUser } from "../api/endpoints/managed-users.js";
import type { CallOptions, Send } from "../api/request.js";
import { CalApiError, CalUserInUseError } from "../errors.js";
import type { Grant } from "../tokens/grant.js";
import { ownershipOf } from "./owner-metadata.js";

/**
 * The grant of managed users, with a check before a recovery. A recovery needs the Cal.com user's id and nothing else,
 * so in a row that was changed by hand it would get the tokens of another person's managed user. The owner hash is at
 * Cal.com, where a person who can write to the database can't change it.
 */
export function ownedGrant(grant: Grant, send: Send, clientId: string): Grant {
  if (!grant.recover) return grant;
  return {
    ...grant,
    recover: async (record) => {
      const user = await findManagedUser(send, clientId, record.calUserId);
      if (!user) return null;
      if ((await ownershipOf(user, record.userId)) === "other") throw ownedByAnother();
      return (await grant.recover?.(record)) ?? null;
    },
  };
}

/** The managed user; `null` if Cal.com has none with this id. */
export async function findManagedUser(
  send: Send,
  clientId: string,
  calUserId: number,
  options: CallOptions = {},
): Promise<ManagedUser | null> {
  try {
    return await getManagedUser(send, clientId, calUserId, options);
  } catch (error) {
    // Cal.com names its errors. A 404 without a name comes from a proxy.
    if (error instanceof CalApiError && error.code === "not_found" && error.apiCode !== undefined)
      return null;
    throw error;
  }
}

/** The error of a record whose managed user was created for another application user. */
export function ownedByAnother(): CalUserInUseError {
  return new CalUserInUseError(
    "The managed user of this record was created for another of the application's users. If it is the same person with a new id: cal.reassignUser(from, to).",
  );
}
