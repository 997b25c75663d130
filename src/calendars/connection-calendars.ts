import type { BusyTime } from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
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
  type EventScope,
  type EventTime,
} from "../api/endpoints/connections.js";
import { assertObject, assertText, assertTimeZone, toIsoInstant, toIsoRange } from "../lib/assert.js";

/** A span of time. `Date`s, or strings in ISO 8601. */
export interface TimeRange {
  from: Date | string;
  to: Date | string;
  /** IANA name. */
  timeZone?: string | undefined;
}

/** Which calendar of an account. Default: its main one. */
export interface InCalendar {
  /** The calendar's `externalId`. */
  calendarId?: string | undefined;
}

/** What can be done with the events of one connection, or of one provider. Cal.com does it for Google only. */
export class CalendarEvents {
  readonly #send: Send;
  readonly #scope: EventScope;

  /** @internal */
  constructor(send: Send, scope: EventScope) {
    this.#send = send;
    this.#scope = scope;
  }

  /** The events in a span of time. */
  async list(query: TimeRange & InCalendar, options?: CallOptions): Promise<CalendarEvent[]> {
    assertObject("The query", query);
    const { timeZone, calendarId } = query;
    if (timeZone !== undefined) assertTimeZone("timeZone", timeZone);
    return listEvents(this.#send, this.#scope, { ...toIsoRange(query), timeZone, calendarId }, options);
  }

  /** One event. */
  async get(eventId: string, options: CallOptions & InCalendar = {}): Promise<CalendarEvent> {
    assertText("eventId", eventId);
    return getEvent(this.#send, this.#scope, eventId, inCalendar(options), options);
  }

  /** Makes an event. Not repeated once it has reached Cal.com: a second try could make a second event. */
  async create(input: CalendarEventInput, options: CallOptions & InCalendar = {}): Promise<CalendarEvent> {
    assertObject("The event", input);
    assertText("title", input.title);
    assertEventTime("start", input.start);
    assertEventTime("end", input.end);
    return createEvent(this.#send, this.#scope, input, inCalendar(options), options);
  }

  /** Changes what is given, and leaves the rest. `attendees` is replaced as a whole. */
  async update(
    eventId: string,
    update: CalendarEventUpdate,
    options: CallOptions & InCalendar = {},
  ): Promise<CalendarEvent> {
    assertText("eventId", eventId);
    assertObject("The update", update);
    if (update.start !== undefined) assertEventTime("start", update.start);
    if (update.end !== undefined) assertEventTime("end", update.end);
    return updateEvent(this.#send, this.#scope, eventId, update, inCalendar(options), options);
  }

  /** Deletes an event. */
  async delete(eventId: string, options: CallOptions & InCalendar = {}): Promise<void> {
    assertText("eventId", eventId);
    return deleteEvent(this.#send, this.#scope, eventId, inCalendar(options), options);
  }
}

/** One connected account, or one provider: its events, and when it is busy. */
export class CalendarScope {
  /** Google only: for other providers Cal.com answers 400. */
  readonly events: CalendarEvents;
  readonly #send: Send;
  readonly #scope: EventScope;

  /** @internal */
  constructor(send: Send, scope: EventScope) {
    this.#send = send;
    this.#scope = scope;
    this.events = new CalendarEvents(send, scope);
  }

  /** The times in which it is busy. */
  async freeBusy(query: TimeRange, options?: CallOptions): Promise<BusyTime[]> {
    assertObject("The query", query);
    const { timeZone } = query;
    if (timeZone !== undefined) assertTimeZone("timeZone", timeZone);
    return getFreeBusy(this.#send, this.#scope, { ...toIsoRange(query), timeZone }, options);
  }
}

function assertEventTime(name: string, value: EventTime): void {
  assertObject(name, value);
  toIsoInstant(`${name}.time`, value.time);
  // Not held against the zones of this runtime: it may be what Cal.com said of the event.
  assertText(`${name}.timeZone`, value.timeZone);
}

function inCalendar({ calendarId }: InCalendar): { calendarId?: string | undefined } {
  return { calendarId };
}
