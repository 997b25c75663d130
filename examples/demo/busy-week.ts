import type { BusyDay } from "./page/busy-strip.js";

/** A time in which the user is busy, as `busyTimes` returns it. */
interface Busy {
  start: Date;
  end: Date;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The next seven days of a user, in the user's time zone. */
export function busyWeek(
  times: readonly Busy[],
  { now, timeZone }: { now: Date; timeZone: string },
): BusyDay[] {
  const zone = zoneOf(timeZone);
  const today = zone.dateOf(now.getTime());
  return Array.from({ length: 7 }, (_, index) => {
    const date = addDays(today, index);
    const start = zone.startOf(date);
    // 23 or 25 hours later when the clocks change.
    const end = zone.startOf(addDays(date, 1));
    const busy = merge(times.map((time) => toLocal(time, zone)).map(clip(start, end)));
    const isAllDay = busy.some((time) => time.start === start && time.end === end);
    const spans = busy.map((time) => ({
      from: (time.start - start) / (end - start),
      to: (time.end - start) / (end - start),
      text: `${zone.timeOf(time.start)}–${time.end === end ? "24:00" : zone.timeOf(time.end)}`,
    }));
    return { date, label: labelOf(date), isAllDay, spans: isAllDay ? [] : spans };
  });
}

/** The range of time that {@link busyWeek} shows, for the query. */
export function rangeOfWeek({ now, timeZone }: { now: Date; timeZone: string }): { from: Date; to: Date } {
  const zone = zoneOf(timeZone);
  const today = zone.dateOf(now.getTime());
  return { from: new Date(zone.startOf(today)), to: new Date(zone.startOf(addDays(today, 7))) };
}

interface Span {
  start: number;
  end: number;
}

/**
 * An all-day event has dates, not times. Some calendars give them as midnight in UTC: then it belongs to those dates
 * wherever the user is, and not to the evening before.
 */
function toLocal({ start, end }: Busy, zone: Zone): Span {
  const isMidnight = (date: Date): boolean => date.getTime() % DAY_MS === 0;
  if (isMidnight(start) && isMidnight(end)) {
    return { start: zone.startOf(isoDate(start)), end: zone.startOf(isoDate(end)) };
  }
  return { start: start.getTime(), end: end.getTime() };
}

const clip =
  (start: number, end: number) =>
  (span: Span): Span => ({ start: Math.max(span.start, start), end: Math.min(span.end, end) });

/** Without empty ones, and with overlapping and touching ones as one. */
function merge(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.filter(({ start, end }) => start < end).sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  return merged;
}

interface Zone {
  /** The date there, such as `2026-11-24`. */
  dateOf(instant: number): string;
  /** The time of day there, such as `09:30`. */
  timeOf(instant: number): string;
  /** The first instant of a date there. It is not always midnight: some clocks are put forward at midnight. */
  startOf(date: string): number;
}

function zoneOf(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  const partsOf = (instant: number): Partial<Record<Intl.DateTimeFormatPartTypes, string>> =>
    Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const dateOf = (instant: number): string => {
    const { year = "", month = "", day = "" } = partsOf(instant);
    return `${year}-${month}-${day}`;
  };
  return {
    dateOf,
    timeOf(instant) {
      const { hour = "", minute = "" } = partsOf(instant);
      return `${hour}:${minute}`;
    },
    startOf(date) {
      // No time zone is more than 15 hours from UTC. Halves the range until one minute is left.
      let before = Date.parse(date) - 15 * 60 * MINUTE_MS;
      let after = Date.parse(date) + 15 * 60 * MINUTE_MS;
      while (after - before > MINUTE_MS) {
        const middle = Math.floor((before + after) / 2 / MINUTE_MS) * MINUTE_MS;
        if (dateOf(middle) >= date) after = middle;
        else before = middle;
      }
      return after;
    },
  };
}

const isoDate = (date: Date): string => date.toISOString().slice(0, 10);
const addDays = (date: string, days: number): string => isoDate(new Date(Date.parse(date) + days * DAY_MS));
const labelOf = (date: string): string =>
  new Date(date).toLocaleDateString("en-GB", { weekday: "short", day: "numeric", timeZone: "UTC" });
