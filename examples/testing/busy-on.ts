import { isCalError, type CalClient } from "calbridge";

/** What a page shows about a user's day. */
export type BusyDay =
  { state: "known"; busy: { start: Date; end: Date }[] } | { state: "reconnect" } | { state: "try-later" };

/** The application's own code, which the tests call: when is this user busy? */
export async function busyOn(cal: CalClient, userId: string, from: string, to: string): Promise<BusyDay> {
  const { calendars } = cal.forUser(userId);
  try {
    const status = await calendars.check("google");
    if (!status.connected) return { state: status.reason === "provider_error" ? "try-later" : "reconnect" };
    const { connectedCalendars } = await calendars.list();
    const allCalendars = connectedCalendars.flatMap((connection) =>
      connection.calendars.map(({ externalId }) => ({ credentialId: connection.credentialId, externalId })),
    );
    return { state: "known", busy: await calendars.busyTimes({ from, to, calendars: allCalendars }) };
  } catch (error) {
    if (isCalError(error) && ["network_error", "timeout", "server_error"].includes(error.code)) {
      return { state: "try-later" };
    }
    throw error;
  }
}
