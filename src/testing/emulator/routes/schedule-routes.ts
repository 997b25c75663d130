import { success, type Call, type Reply, type Route } from "../http/route.js";
import { bare } from "../model/errors.js";

export const scheduleRoutes: Route[] = [
  { method: "GET", path: "/v2/schedules", access: "user", handle: schedules },
];

const WEEKDAYS = [1, 2, 3, 4, 5];
const DAY_NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

/** The default schedule that Cal.com creates with a managed user. */
function schedules({ state, headers, caller: { user } }: Call): Reply {
  const { id: userId, timeZone, defaultScheduleId: id } = user;
  if (headers.get("cal-api-version") === "2024-06-11") {
    const availability = [{ days: DAY_NAMES, startTime: "09:00", endTime: "17:00" }];
    const name = "Default schedule";
    const schedule = { id, ownerId: userId, name, timeZone, availability, isDefault: true, overrides: [] };
    return success(id === null ? [] : [schedule]);
  }
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
