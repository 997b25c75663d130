/** A user of the application. */
export interface User {
  id: string;
  /** Verified by the application: it decides whose calendars these are. */
  email: string;
  name: string;
  timeZone: string;
}

// These users and this sign-in stand for your application's own: here anybody who asks is signed in.
export const users: readonly User[] = [
  { id: "ada", email: "ada@example.com", name: "Ada Lovelace", timeZone: "Europe/London" },
  { id: "grace", email: "grace@example.com", name: "Grace Hopper", timeZone: "America/New_York" },
];

/** Who a request's `Cookie` header belongs to. */
export function signedIn(cookies: string | null | undefined): User | null {
  const [, id] = /(?:^|; )session=(\w+)/.exec(cookies ?? "") ?? [];
  return users.find((user) => user.id === id) ?? null;
}
