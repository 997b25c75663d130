/** A user of the application. */
export interface User {
  id: string;
  /** Must be verified by the application: calbridge finds the user's calendars by this address. */
  email: string;
  name: string;
  timeZone: string;
}

// Replace these users and this sign-in by your own. It needs no password.
export const users: readonly User[] = [
  { id: "ada", email: "ada@example.com", name: "Ada Lovelace", timeZone: "Europe/London" },
  { id: "grace", email: "grace@example.com", name: "Grace Hopper", timeZone: "America/New_York" },
];

/** Returns the user that a request's `Cookie` header belongs to. */
export function signedIn(cookies: string | null | undefined): User | null {
  const [, id] = /(?:^|; )session=(\w+)/.exec(cookies ?? "") ?? [];
  return users.find((user) => user.id === id) ?? null;
}
