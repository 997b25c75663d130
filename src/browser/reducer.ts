import { unlistedApple, withBroken } from "./connections.js";
import type { Status, StoreEvent } from "./events.js";
import type { Machine } from "./machine.js";
import { outcomeOf } from "./outcome.js";
import type { Connection } from "./status.js";
import type { CalendarIntegrationErrorCode } from "./types.js";

/** The next state. Pure: it calls nothing, and changes nothing of `machine`. */
export function reduce(machine: Machine, event: StoreEvent): Machine {
  switch (event.type) {
    case "loadStarted":
      return {
        ...(event.isQuiet ? machine : silent(machine)),
        turn: machine.turn + 1,
        loads: machine.loads + 1,
      };
    case "loaded": {
      const loads = machine.loads - 1;
      if (event.turn !== machine.turn) return { ...machine, loads };
      return reported(loaded({ ...machine, loads }, event.status, event.time));
    }
    case "loadFailed": {
      const next = { ...machine, loads: machine.loads - 1 };
      // Ignored if a later load or a change has happened meanwhile; a background load's failure is not shown.
      if (event.turn !== machine.turn || (event.isQuiet && machine.isLoaded)) return next;
      return { ...next, error: { action: "load", code: event.code } };
    }
    case "initialized":
      return loaded(machine, event.status, event.time);
    case "started":
      return { ...silent(machine), pending: event.activity };
    case "failed":
      return { ...machine, pending: null, error: { ...event.activity, code: event.code } };
    case "leaving":
      return { ...machine, isLeaving: true };
    case "leaveEnded":
      return { ...ended(machine), listedAt: event.isListOld ? 0 : machine.listedAt };
    case "popupOpened":
      return { ...machine, pending: null, popups: [...machine.popups, event.popup] };
    case "popupEnded":
      return { ...machine, popups: machine.popups.filter(({ id }) => id !== event.id) };
    case "returned": {
      const next = { ...machine, returned: [...machine.returned, event.returned] };
      return event.needsList || !machine.isLoaded ? next : reported(next);
    }
    case "checked":
      return checked(machine, event);
    case "disconnected": {
      const { provider, credentialId } = event.activity;
      const rest = machine.list.filter(
        (connection) =>
          connection.calendarType !== provider ||
          connection.credentialId !== (credentialId ?? connection.credentialId),
      );
      return { ...listed(machine, rest, event.time), pending: null, result: event.activity };
    }
    case "appleAccepted": {
      // An Apple connection without calendars is broken or not listed yet. The new one replaces it.
      const others = machine.list.filter(
        ({ calendarType, calendars }) => calendarType !== "apple" || calendars.length > 0,
      );
      return {
        ...listed(machine, [...others, unlistedApple], event.time),
        pending: null,
        result: { action: "connectApple", provider: "apple" },
        awaitsApple: true,
      };
    }
    case "appleWaitEnded":
      return { ...machine, awaitsApple: false };
    case "unlinked":
      return {
        ...listed(machine, [], event.time),
        pending: null,
        result: event.activity,
        calAccount: null,
      };
    case "changeStarted":
      return { ...silent(machine), changes: [...machine.changes, event.change] };
    case "changeAccepted":
      return { ...listed(machine, event.calendars, event.time), changes: without(machine, event.id) };
    case "changeRefused": {
      const change = machine.changes.find(({ id }) => id === event.id);
      if (!change) return machine;
      const { action, provider, credentialId, calendar } = change;
      return {
        ...machine,
        changes: without(machine, event.id),
        error: { action, provider, credentialId, calendar, code: event.code },
        result: null,
      };
    }
    case "dismissed":
      return machine.isLoaded ? silent(machine) : { ...machine, result: null };
    case "stopped":
      return { ...ended(machine), turn: machine.turn + 1, awaitsApple: false, popups: [] };
  }
}

/** Without the messages about earlier actions. */
function silent(machine: Machine): Machine {
  return { ...machine, error: null, result: null, foundBroken: null };
}

/** Without the action that was to leave the page. */
function ended(machine: Machine): Machine {
  return machine.isLeaving ? { ...machine, isLeaving: false, pending: null } : machine;
}

/**
 * With a list that has changed. A request for the status that was sent before returns an older one. Before the first list
 * is loaded, nothing is known of the other connections: then it is left to the request that follows.
 */
function listed(machine: Machine, list: Connection[], time: number): Machine {
  if (!machine.isLoaded) return machine;
  return { ...machine, list: withBroken(list, machine.foundBroken), listedAt: time, turn: machine.turn + 1 };
}

function loaded(machine: Machine, { calendars, calAccount, linkable }: Status, time: number): Machine {
  const isApple = ({ calendarType }: Connection): boolean => calendarType === "apple";
  const isMissing = machine.awaitsApple && !calendars.some(isApple);
  // For some seconds Cal.com does not list a new Apple connection.
  const list = isMissing ? [...calendars, ...machine.list.filter(isApple)] : calendars;
  const { error } = machine;
  return {
    ...listed({ ...machine, isLoaded: true }, list, time),
    calAccount,
    linkable,
    // The server knows of an Apple connection that Cal.com doesn't list yet.
    awaitsApple: machine.awaitsApple || list.some((one) => isApple(one) && one.credentialId === 0),
    // An error of an action stays until the next one. Not "not_connected": the new list shows whether it is.
    error: error && error.action !== "load" && error.code !== "not_connected" ? error : null,
  };
}

/** With the results of consent pages, of which the list shows whether they are true. */
function reported(machine: Machine): Machine {
  return machine.returned.reduce<Machine>(
    (next, returned) => ({ ...next, ...outcomeOf(returned, machine), foundBroken: null }),
    { ...machine, returned: [] },
  );
}

/** The results of a check after which a connection has to be connected again. */
const brokenReasons: ReadonlySet<CalendarIntegrationErrorCode> = new Set([
  "revoked",
  "invalid_credentials",
  "not_permitted",
  "provider_error",
]);

function checked(
  machine: Machine,
  { provider, calendars, reason, time }: Extract<StoreEvent, { type: "checked" }>,
): Machine {
  const foundBroken = reason && brokenReasons.has(reason) ? provider : null;
  const others = machine.list.filter(({ calendarType }) => calendarType !== provider);
  const next = listed({ ...machine, pending: null, foundBroken }, [...others, ...calendars], time);
  const activity = { action: "sync", provider } as const;
  return reason ? { ...next, error: { ...activity, code: reason } } : { ...next, result: activity };
}

function without({ changes }: Machine, id: number): Machine["changes"] {
  return changes.filter((change) => change.id !== id);
}
