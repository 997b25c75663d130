import { success, type Call, type Reply, type Route } from "../http/route.js";
import { bare } from "../model/errors.js";

// Bookings and schedules are outside of what the emulator plays. These two lists show which tokens may read them.

export const scheduleRoutes: Route[] = [
  { method: "GET", path: "/v2/bookings", access: "user", handle: bookings },
  { method: "GET", path: "/v2/schedules", access: "user", handle: schedules },
];

/** Nothing in the emulator creates a booking. */
function bookings(): Reply {
  return success({ bookings: [], recurringInfo: [], totalCount: 0, nextCursor: null });
}

const WEEKDAYS = [1, 2, 3, 4, 5];

/** The default schedule that Cal.com creates with a managed user. */
function schedules({ state, caller: { user } }: Call): Reply {
  const { id: userId, timeZone, defaultScheduleId: id } = user;
  // As recorded for an account without a schedule.
  if (id === null) throw bare(500);
  const today = new Date(state.clock.now()).toISOString().slice(0, 10);
  const day = [{ start: `${today}T09:00:00.000Z`, end: `${today}T17:00:00.000Z` }];
  const schedule = {
    id,
    userId,
    eventTypeId: null,
    days: WEEKDAYS,
    startTime: "1970-01-01T09:00:00.000Z",
    endTime: "1970-01-01T17:00:00.000Z",
    date: null,
    scheduleId: id,
  };
  return success([
    {
      id,
      name: "Default schedule",
      isManaged: false,
      workingHours: [{ days: WEEKDAYS, startTime: 9 * 60, endTime: 17 * 60, userId }],
      schedule: [schedule],
      availability: [0, 1, 2, 3, 4, 5, 6].map((weekday) => (WEEKDAYS.includes(weekday) ? day : [])),
      timeZone,
      isDefault: true,
      dateOverrides: [],
      readOnly: false,
      isLastSchedule: true,
      userId,
    },
  ]);
}
