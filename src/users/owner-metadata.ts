import type { ManagedUser, ManagedUserMetadata } from "../api/endpoints/managed-users.js";
import { CalValidationError } from "../errors.js";
import { sha256, toHex } from "../lib/digest.js";

// Managed users carry a hash of the application user that they were created for. E-mail addresses alone can't tell:
// an address may be given to another person, and an application may let anyone enter any address.
const KEY = "calbridgeUser";
/** Cal.com accepts 50 keys; one is for the owner hash. */
const MAX_METADATA_KEYS = 49;

/** Whose a managed user is, by its metadata. */
export type Ownership = "own" | "unowned" | "other";

/** Refuses metadata that leaves no room for the owner hash. */
export function assertRoomForOwnerHash(metadata: Record<string, unknown> | null | undefined): void {
  if (Object.keys(withoutOwnerHash(metadata ?? {})).length > MAX_METADATA_KEYS) {
    throw new CalValidationError(
      `metadata must have ${String(MAX_METADATA_KEYS)} keys at most: calbridge adds one of its own.`,
    );
  }
}

/** The metadata with the owner hash. It is a hash, since Cal.com does not need to know the application's own ids. */
export async function withOwnerHash(
  metadata: ManagedUserMetadata | undefined,
  userId: string,
): Promise<ManagedUserMetadata> {
  return { ...metadata, [KEY]: await ownerHashOf(userId) };
}

/**
 * Given metadata with the owner hash that a managed user has now: an update replaces all metadata. A hash among the
 * given metadata does not count: it may come from another managed user, or from a form.
 */
export function keepingOwnerHash(
  metadata: ManagedUserMetadata,
  current: Pick<ManagedUser, "metadata">,
): ManagedUserMetadata {
  const hash = current.metadata?.[KEY];
  const given = withoutOwnerHash(metadata);
  return typeof hash === "string" ? { ...given, [KEY]: hash } : given;
}

/** Whose a managed user is. */
export async function ownershipOf(user: Pick<ManagedUser, "metadata">, userId: string): Promise<Ownership> {
  const hash = user.metadata?.[KEY];
  if (hash === undefined) return "unowned";
  return hash === (await ownerHashOf(userId)) ? "own" : "other";
}

export async function ownerHashOf(userId: string): Promise<string> {
  return toHex(await sha256(userId));
}

/** The metadata without an owner hash. */
export function withoutOwnerHash<Metadata extends Record<string, unknown>>(metadata: Metadata): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== KEY)) as Metadata;
}
