import type { ManagedUser, ManagedUserMetadata } from "../api/endpoints/managed-users.js";
import { CalValidationError } from "../errors.js";
import { sha256, toHex } from "../lib/digest.js";

// Managed users carry a mark of the application user they were made for. E-mail addresses alone can't tell:
// an application where anyone may enter any address would hand one user's calendars to another.
const KEY = "calbridgeUser";
/** Cal.com takes 50 keys; one is the mark's. */
export const MAX_METADATA_KEYS = 49;

/** Refuses metadata that leaves no room for the mark. */
export function assertRoomForOwnerHash(metadata: ManagedUserMetadata | undefined): void {
  if (Object.keys(metadata ?? {}).length > MAX_METADATA_KEYS) {
    throw new CalValidationError(
      `metadata must have ${String(MAX_METADATA_KEYS)} keys at most: one more is calbridge's.`,
    );
  }
}

/** The metadata with the mark of the application's user. It is a hash: the id itself is none of Cal.com's business. */
export async function withOwnerHash(
  metadata: ManagedUserMetadata | undefined,
  userId: string,
): Promise<ManagedUserMetadata> {
  return { ...metadata, [KEY]: await ownerHashOf(userId) };
}

/** Whether the managed user was made for this application user, or by other means, without a mark. */
export async function mayBelongTo(user: ManagedUser, userId: string): Promise<boolean> {
  const mark = user.metadata?.[KEY];
  return mark === undefined || mark === (await ownerHashOf(userId));
}

async function ownerHashOf(userId: string): Promise<string> {
  return toHex(await sha256(userId));
}
