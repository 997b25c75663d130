import { asciiLowerCase } from "../lib/ascii-lower-case.js";
import { ownerHashOf } from "./owner-metadata.js";

/**
 * Whether a managed user has this address. Cal.com puts `+clientId` before the `@`. Letter case of ASCII letters does
 * not matter, and nothing else is treated as equal.
 */
export function hasAddress(managedUserEmail: string, email: string, clientId: string): boolean {
  const plain = managedUserEmail.replace(`+${clientId}@`, "@");
  return asciiLowerCase(plain) === asciiLowerCase(email);
}

/**
 * The address with a tag of the application user: `ada+3f2c9a01@acme.co.uk`. Cal.com makes a user name of the part
 * before the `@` and the first two labels behind it, so `ada@acme.co.uk` and `ada@acme.co.jp` get the same one, and
 * Cal.com refuses the second.
 */
export async function taggedAddress(email: string, userId: string): Promise<string> {
  const at = email.lastIndexOf("@");
  return `${email.slice(0, at)}+${(await ownerHashOf(userId)).slice(0, 8)}${email.slice(at)}`;
}

/** Spellings under which Cal.com may have stored an address. */
export function spellingsOf(email: string): string[] {
  return [...new Set([email, asciiLowerCase(email)])];
}
