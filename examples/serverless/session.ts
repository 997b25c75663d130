import type { CalSession } from "calbridge/handlers";

const users: Record<string, CalSession> = {
  ada: { userId: "user-1", email: "ada@example.com", name: "Ada Lovelace", timeZone: "Europe/London" },
  grace: { userId: "user-2", email: "grace@example.com", name: "Grace Hopper", timeZone: "America/New_York" },
};

/** The signed-in user. Replace it with your own session: anyone can write this cookie. */
export function signedIn(request: Request): CalSession | null {
  const [, name = ""] = /(?:^|; )session=(\w+)/.exec(request.headers.get("cookie") ?? "") ?? [];
  return users[name] ?? null;
}
