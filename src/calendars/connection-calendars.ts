import type { BusyTime } from "../api/endpoints/calendars.js";
import {
  createEvent,
  deleteEvent,
  getEvent,
  getFreeBusy,
  listEvents,
  updateEvent,
  type CalendarEvent,
  type CalendarEventInput,
  type CalendarEventUpdate,
  type EventTime,
} from "../api/endpoints/connections.js";
import type { CallOptions, Send } from "../api/request.js";
import { assertObject, assertText, assertTimeZone, toIsoInstant, toIsoRange } from "../lib/assert.js";

/** A range of time: `Date`s or strings in ISO 8601. */
export interface TimeRange {
  from: Date | string;
  to: Date | string;
  /** IANA name. */
  timeZone?: string | undefined;
}

/** Selects a calendar of a connection. */
export interface InCalendar {
  /**
   * The calendar's `externalId`.
   * @defaultValue the connection's main calendar
   */
  calendarId?: string | undefined;
}

/**
 * The events of one connection. Cal.com supports Google only: for other providers it returns 400. It does not offer them
 * to OAuth 2 (a user's own Cal.com account): `unavailable_for_grant`.
 */
export class CalendarEvents {
  readonly #send: Send;
  readonly #connectionId: string;

  /** @internal */
  constructor(send: Send, connectionId: string) {
    this.#send = send;
    this.#connectionId = connectionId;
  }

  /** Lists the events in a range of time. */
  async list(query: TimeRange & InCalendar, options?: CallOptions): Promise<CalendarEvent[]> {
    assertObject("The query", query);
    const { timeZone, calendarId } = query;
    if (timeZone !== undefined) assertTimeZone("timeZone", timeZone);
    const range = { ...toIsoRange(query), timeZone, calendarId };
    return listEvents(this.#send, this.#connectionId, range, options);
  }

  /** Returns one event. */
  async get(eventId: string, { calendarId }: InCalendar = {}, options?: CallOptions): Promise<CalendarEvent> {
    assertText("eventId", eventId);
    return getEvent(this.#send, this.#connectionId, eventId, { calendarId }, options);
  }

  /** Creates an event. Not retried once it has reached Cal.com: a second request could create a second event. */
  async create(input: CalendarEventInput & InCalendar, options?: CallOptions): Promise<CalendarEvent> {
    assertObject("The event", input);
    assertText("title", input.title);
    assertEventTime("start", input.start);
    assertEventTime("end", input.end);
    const { calendarId, ...event } = input;
    return createEvent(this.#send, this.#connectionId, event, { calendarId }, options);
  }

  /** Changes the given fields of an event and keeps the others. `attendees` is replaced as a whole. */
  async update(
    eventId: string,
    update: CalendarEventUpdate & InCalendar,
    options?: CallOptions,
  ): Promise<CalendarEvent> {
    assertText("eventId", eventId);
    assertObject("The update", update);
    if (update.start !== undefined) assertEventTime("start", update.start);
    if (update.end !== undefined) assertEventTime("end", update.end);
    const { calendarId, ...changes } = update;
    return updateEvent(this.#send, this.#connectionId, eventId, changes, { calendarId }, options);
  }

  /** Deletes an event. */
  async delete(eventId: string, { calendarId }: InCalendar = {}, options?: CallOptions): Promise<void> {
    assertText("eventId", eventId);
    return deleteEvent(this.#send, this.#connectionId, eventId, { calendarId }, options);
  }
}

/**
 * One connection of a user (a Google, Office 365 or Apple account): its events and busy times. Cal.com does not offer
 * them to OAuth 2 (a user's own Cal.com account): `unavailable_for_grant`. `user.calendars.busyTimes()` works there.
 */
export class CalendarConnectionClient {
  /** Google only: for other providers Cal.com returns 400. */
  readonly events: CalendarEvents;
  readonly #send: Send;
  readonly #connectionId: string;

  /** @internal */
  constructor(send: Send, connectionId: string) {
    this.#send = send;
    this.#connectionId = connectionId;
    this.events = new CalendarEvents(send, connectionId);
  }

  /** Returns the busy times of all calendars of this connection. For some calendars, use `user.calendars.busyTimes()`. */
  async busyTimes(query: TimeRange, options?: CallOptions): Promise<BusyTime[]> {
    assertObject("The query", query);
    const { timeZone } = query;
    if (timeZone !== undefined) assertTimeZone("timeZone", timeZone);
    return getFreeBusy(this.#send, this.#connectionId, { ...toIsoRange(query), timeZone }, options);
  }
}

function assertEventTime(name: string, value: EventTime): void {
  assertObject(name, value);
  toIsoInstant(`${name}.time`, value.time);
  // Any text: an event of Cal.com may have a time zone that this runtime does not know.
  assertText(`${name}.timeZone`, value.timeZone);
}
