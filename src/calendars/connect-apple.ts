import { listCalendars, type ConnectedCalendar } from "../api/endpoints/calendar-list.js";
import { saveAppleCredentials } from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { isCalError } from "../errors.js";
import { asciiLowerCase } from "../lib/ascii-lower-case.js";
import { assertObject, assertText } from "../lib/assert.js";
import { connectionsOf } from "./connections-of.js";
import { statusOfAll, type CalendarStatus } from "./status.js";

/** Input of `connectApple`. */
export interface AppleCredentials {
  /** The Apple Account's address. */
  username: string;
  /** An app-specific password, which the user creates at appleid.apple.com. */
  password: string;
}

/** Saves the credentials, and looks whether Cal.com lists the connection. Disconnects nothing. */
export async function connectAppleWith(
  send: Send,
  credentials: AppleCredentials,
  options: CallOptions | undefined,
): Promise<CalendarStatus> {
  assertObject("The credentials", credentials, "{ username, password }");
  assertText("username", credentials.username);
  assertText("password", credentials.password);
  await saveAppleCredentials(send, credentials, options);
  return statusOfApple(await appleConnections(send, options), credentials.username);
}

async function appleConnections(
  send: Send,
  options: CallOptions | undefined,
): Promise<ConnectedCalendar[] | null> {
  try {
    return connectionsOf(await listCalendars(send, options), "apple");
  } catch (error) {
    // The credentials are saved: that the list can't be read just now doesn't change that.
    if (isCalError(error)) return null;
    throw error;
  }
}

function statusOfApple(connections: ConnectedCalendar[] | null, username: string): CalendarStatus {
  const working = (connections ?? []).filter(({ error }) => error === null);
  const addresses = working.map(addressOf);
  const isListed = addresses.some(
    // Older servers give Apple's calendars no address.
    (address) => address === undefined || address === asciiLowerCase(username.trim()),
  );
  if (isListed) return { connected: true };
  // Cal.com accepts a user name that it has already without trying the password, and keeps the old password. So one
  // that can't be read stays so until it is disconnected.
  return statusOfAll("apple", { connected: true, listed: false }, connections ?? []);
}

function addressOf({ primary, calendars }: ConnectedCalendar): string | undefined {
  const email = primary?.email ?? calendars.find((calendar) => calendar.email !== null)?.email;
  return email?.trim() && asciiLowerCase(email.trim());
}
