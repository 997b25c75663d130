import { describe, expect, test } from "vitest";
import { busyWeek, rangeOfWeek } from "../../../examples/demo/busy-week.js";

const time = (start: string, end: string) => ({ start: new Date(start), end: new Date(end) });
const week = (now: string, timeZone: string, ...times: { start: Date; end: Date }[]) =>
  busyWeek(times, { now: new Date(now), timeZone });
const texts = (days: ReturnType<typeof busyWeek>) =>
  Object.fromEntries(
    days.flatMap(({ date, isAllDay, spans }) =>
      isAllDay ? [[date, "all day"]] : spans.length > 0 ? [[date, spans.map(({ text }) => text).join()]] : [],
    ),
  );

describe("the days", () => {
  test("are seven, and begin with today where the user is", () => {
    const at = "2026-11-24T23:30:00Z";
    expect(week(at, "America/New_York")[0]).toMatchObject({ date: "2026-11-24", label: "Tue 24" });
    expect(week(at, "Asia/Tokyo")[0]).toMatchObject({ date: "2026-11-25", label: "Wed 25" });
    expect(week(at, "Asia/Tokyo").at(-1)?.date).toBe("2026-12-01");
  });

  test("are asked for from midnight to midnight there", () => {
    const now = new Date("2026-11-24T23:30:00Z");
    expect(rangeOfWeek({ now, timeZone: "America/New_York" })).toEqual({
      from: new Date("2026-11-24T05:00:00Z"),
      to: new Date("2026-12-01T05:00:00Z"),
    });
  });
});

describe("a busy time", () => {
  test("is shown at the user's time of day", () => {
    const lesson = time("2026-11-24T14:00:00Z", "2026-11-24T15:30:00Z");
    expect(texts(week("2026-11-24T08:00:00Z", "America/New_York", lesson))).toEqual({
      "2026-11-24": "09:00–10:30",
    });
    expect(texts(week("2026-11-24T08:00:00Z", "Asia/Kathmandu", lesson))).toEqual({
      "2026-11-24": "19:45–21:15",
    });
  });

  test("over midnight belongs to both days", () => {
    const night = time("2026-11-24T22:00:00Z", "2026-11-25T02:00:00Z");
    expect(texts(week("2026-11-24T08:00:00Z", "Europe/London", night))).toEqual({
      "2026-11-24": "22:00–24:00",
      "2026-11-25": "00:00–02:00",
    });
  });

  test("that overlaps or touches another one is one with it", () => {
    const days = week(
      "2026-11-24T08:00:00Z",
      "UTC",
      time("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"),
      time("2026-11-24T09:00:00Z", "2026-11-24T10:30:00Z"),
      time("2026-11-24T11:00:00Z", "2026-11-24T12:00:00Z"),
      time("2026-11-24T13:00:00Z", "2026-11-24T14:00:00Z"),
    );
    expect(texts(days)).toEqual({ "2026-11-24": "09:00–12:00,13:00–14:00" });
  });
});

describe("when the clocks change", () => {
  test.each([
    // The hour from 1:00 to 2:00 is left out on 29 March.
    [
      "Europe/London",
      "2026-03-29T12:00:00Z",
      time("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"),
      "00:30–02:30",
      1 / 23,
    ],
    // On 25 October it comes twice.
    [
      "Europe/London",
      "2026-10-25T12:00:00Z",
      time("2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"),
      "01:30–02:30",
      2 / 25,
    ],
    // By half an hour, on 4 October.
    [
      "Australia/Lord_Howe",
      "2026-10-04T00:00:00Z",
      time("2026-10-04T00:00:00Z", "2026-10-04T01:00:00Z"),
      "11:00–12:00",
      1 / 23.5,
    ],
  ])("%s at %s: the length is the real one, the text is the clock's", (timeZone, now, busy, text, part) => {
    const [day] = week(now, timeZone, busy);
    expect(day?.spans).toHaveLength(1);
    expect(day!.spans[0]!.text).toBe(text);
    expect(day!.spans[0]!.to - day!.spans[0]!.from).toBeCloseTo(part, 10);
  });

  test("at midnight, the day begins at 1:00", () => {
    // Cuba puts the clocks forward at midnight of 8 March 2026.
    const day = time("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z");
    expect(texts(week("2026-03-08T12:00:00Z", "America/Havana", day))).toEqual({ "2026-03-08": "all day" });
  });
});

describe("an all-day event", () => {
  test.each(["America/Los_Angeles", "Europe/London", "Pacific/Auckland", "Pacific/Kiritimati"])(
    "given as midnight in UTC belongs to its date: %s",
    (timeZone) => {
      const event = time("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z");
      expect(texts(week("2026-11-24T12:00:00Z", timeZone, event))).toEqual({ "2026-11-26": "all day" });
    },
  );

  test("given as midnight where the user is belongs to its dates, also when the clocks change", () => {
    const event = time("2026-10-24T23:00:00Z", "2026-10-27T00:00:00Z");
    expect(texts(week("2026-10-24T12:00:00Z", "Europe/London", event))).toEqual({
      "2026-10-25": "all day",
      "2026-10-26": "all day",
    });
  });
});
