import type { EventType, State, User } from "./state.js";

const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;
// The default schedule: Monday to Friday, 9:00 to 17:00.
const [FIRST_MINUTE, LAST_MINUTE] = [9 * 60, 17 * 60];

/** The instants at which an event type can be booked, in order: within the default schedule, not past and not booked. */
export function freeSlots(state: State, eventType: EventType, from: number, to: number): number[] {
  const host = state.users.get(eventType.ownerId);
  if (host?.defaultScheduleId == null) return [];
  const lengthMs = eventType.lengthInMinutes * MINUTE_MS;
  const slots: number[] = [];
  for (let day = Math.floor(from / DAY_MS) - 1; day * DAY_MS <= to + DAY_MS; day += 1) {
    // 1970 began on a Thursday.
    if ([0, 6].includes((day + 4) % 7)) continue;
    for (let minute = FIRST_MINUTE; minute + eventType.lengthInMinutes <= LAST_MINUTE;) {
      const start = instantOf(day * DAY_MS + minute * MINUTE_MS, host.timeZone);
      if (start >= from && start + lengthMs <= to && isFree(state, host, start, start + lengthMs)) {
        slots.push(start);
      }
      minute += eventType.lengthInMinutes;
    }
  }
  return slots;
}

function isFree(state: State, { id }: User, start: number, end: number): boolean {
  if (start < state.clock.now()) return false;
  return !state.bookings.some((one) => one.userId === id && one.start < end && one.end > start);
}

/** The instant of a time of day in a zone. `local` is that time as if the zone were UTC. */
function instantOf(local: number, timeZone: string): number {
  const guess = local - offsetOf(local, timeZone);
  // The offset at the instant itself, if a change of the clocks is in between.
  return local - offsetOf(guess, timeZone);
}

/** How far a zone's clock is ahead of UTC at an instant, in milliseconds. */
export function offsetOf(instant: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const name = format.formatToParts(instant).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours = "0", minutes = "0"] = /([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
}
