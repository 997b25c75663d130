// Limits of the check that the list of managed users applies to `emails`.
const MAX_LOCAL_PART = 64;
const MAX_DOMAIN = 254;

const pattern = /^([^\s@\0]+)@([^\s@\0]+\.[^\s@\0]+)$/;

export const isEmail = (text: string): boolean => pattern.test(text);

/** As `isEmail`, with limits of length. */
export function isEmailWithinLimits(text: string): boolean {
  const [, local = "", domain = ""] = pattern.exec(text) ?? [];
  return local !== "" && local.length <= MAX_LOCAL_PART && domain.length <= MAX_DOMAIN;
}

/** `alice@example.com` is stored as `alice+CLIENT@example.com`, so that two clients can have the same address. */
export function suffixedEmail(clientId: string, email: string): string {
  const [local = "", domain] = email.split("@");
  return `${local}+${clientId}@${domain ?? "undefined"}`;
}

/** The user name for an address: its local part and the first two labels of its domain. */
export function usernameOf(email: string): string {
  const [local = "", domain = ""] = email.split("@");
  return slug([local, ...domain.split(".").slice(0, 2)].join("-"));
}

export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
