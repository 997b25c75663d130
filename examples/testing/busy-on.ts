import { isCalError, type CalClient } from "calbridge";

/** What a page can show of a user's day. */
export type BusyDay =
  { state: "known"; busy: { start: Date; end: Date }[] } | { state: "reconnect" } | { state: "try-later" };

/** The application's own code under test: when is this user busy? */
export async function busyOn(cal: CalClient, userId: string, from: string, to: string): Promise<BusyDay> {
  const { calendars } = cal.forUser(userId);
  try {
    const status = await calendars.check("google");
    if (!status.connected) {
      const isOutage = status.reason === "provider_error" || status.reason === "unavailable";
      return { state: isOutage ? "try-later" : "reconnect" };
    }
    const { connectedCalendars } = await calendars.list();
    const toRead = connectedCalendars.flatMap((account) =>
      account.calendars.map(({ externalId }) => ({ credentialId: account.credentialId, externalId })),
    );
    return { state: "known", busy: await calendars.busyTimes({ from, to, calendars: toRead }) };
  } catch (error) {
    if (isCalError(error) && ["network_error", "timeout", "server_error"].includes(error.code)) {
      return { state: "try-later" };
    }
    throw error;
  }
}
