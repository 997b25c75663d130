import { isAbout, unlistedApple } from "./connections.js";
import type { Status, TimedEvent } from "./events.js";
import { withView, type Machine } from "./machine.js";
import { outcomeOf } from "./outcome.js";
import type { Connection } from "./status.js";

/** The next state. Pure: it calls nothing of a browser, and changes nothing of `machine`. */
export function reduce(machine: Machine, event: TimedEvent): Machine {
  return withView(step(machine, event));
}

// eslint-disable-next-line max-lines-per-function -- one case for each event: the whole table of states in one place
function step(machine: Machine, event: TimedEvent): Machine {
  const { popups, changes, loads, turn } = machine;
  switch (event.type) {
    case "loadStarted":
      return { ...(event.isQuiet ? machine : silent(machine)), turn: turn + 1, loads: loads + 1 };
    case "loaded": {
      const next = { ...machine, loads: loads - 1 };
      // Ignored if a later load or a change has happened meanwhile.
      return event.turn === turn ? reported(loaded(next, event.status, event.time)) : next;
    }
    case "loadFailed": {
      // The failure of a background load is not shown.
      const isTold = event.turn === turn && !(event.isQuiet && machine.listedAt);
      const next = { ...machine, loads: loads - 1 };
      return isTold ? { ...next, error: { action: "load", code: event.code } } : next;
    }
    case "started":
      return { ...silent(machine), pending: event.activity };
    case "ended": {
      const { activity, code } = event;
      // A consent page is not a success yet. And the page may have been left meanwhile.
      if (machine.isLeaving || machine.pending !== activity) return machine;
      const next = { ...machine, pending: null };
      return code ? { ...next, error: { ...activity, code } } : { ...next, result: activity };
    }
    case "leaving":
      return { ...machine, isLeaving: true };
    case "leaveEnded":
      return machine.isLeaving ? { ...machine, isLeaving: false, pending: null } : machine;
    case "popupOpened":
      return { ...machine, pending: null, popups: [...popups, event.popup] };
    case "popupEnded":
      return {
        ...machine,
        popups: popups.filter(({ id }) => id !== event.id),
        // The list was requested before, so it can't confirm a success: the next one can.
        returned: event.returned ? [...machine.returned, event.returned] : machine.returned,
      };
    case "returned": {
      const next = { ...machine, returned: [event.returned] };
      return machine.listedAt ? reported(next) : next;
    }
    case "checked": {
      const { provider, calendars, reason } = event;
      // A check that found no connection, or could not be made, says nothing of those in the list.
      const isFound = reason && reason !== "not_connected" && reason !== "unavailable";
      const foundBroken = isFound ? provider : null;
      const others = machine.list.filter((one) => !isAbout({ action: "sync", provider }, one));
      return listed({ ...machine, foundBroken }, [...others, ...calendars], event.time);
    }
    case "disconnected": {
      const rest = machine.list.filter((one) => !isAbout(event.activity, one));
      return listed(machine, rest, event.time);
    }
    case "appleAccepted": {
      // An Apple connection without calendars is broken or not listed yet. The new one replaces it.
      const others = machine.list.filter((one) => !isApple(one) || one.calendars.length);
      return { ...listed(machine, [...others, unlistedApple], event.time), awaitsApple: true };
    }
    case "appleWaitEnded":
      return { ...machine, awaitsApple: false };
    case "unlinked":
      return { ...listed(machine, [], event.time), calAccount: null };
    case "changeStarted":
      return { ...silent(machine), changes: [...changes, event.change] };
    case "changeAccepted":
      return {
        ...listed(machine, event.calendars, event.time),
        changes: changes.filter((change) => change !== event.change),
      };
    case "changeRefused": {
      const { id, isSelected, ...activity } = event.change;
      return {
        ...machine,
        changes: changes.filter((change) => change !== event.change),
        result: null,
        error: { ...activity, code: event.code },
      };
    }
    case "dismissed":
      return machine.listedAt ? silent(machine) : { ...machine, result: null };
    case "stopped":
      return { ...machine, turn: turn + 1, pending: null, isLeaving: false, awaitsApple: false, popups: [] };
  }
}

/** Without the messages about earlier actions. */
function silent(machine: Machine): Machine {
  return { ...machine, error: null, result: null, foundBroken: null };
}

const isApple = ({ calendarType }: Connection): boolean => calendarType === "apple";

/**
 * With a list that has changed. A request for the status that was sent before returns an older one. Before the first list
 * is loaded, nothing is known of the other connections: then it is left to the request that follows.
 */
function listed(machine: Machine, connections: Connection[], time: number): Machine {
  if (!machine.listedAt) return machine;
  const isFound = ({ calendarType }: Connection): boolean => calendarType === machine.foundBroken;
  const isKnown = connections.some((one) => isFound(one) && !one.connected);
  const list = connections.map((one) => (!isKnown && isFound(one) ? { ...one, connected: false } : one));
  return { ...machine, list, listedAt: time, turn: machine.turn + 1 };
}

function loaded(machine: Machine, { calendars, ...account }: Status, time: number): Machine {
  const { error, awaitsApple } = machine;
  // For some seconds Cal.com does not list a new Apple connection.
  const missing = awaitsApple && !calendars.some(isApple) ? machine.list.filter(isApple) : [];
  return {
    ...listed({ ...machine, listedAt: time }, [...calendars, ...missing], time),
    ...account,
    // The server, too, knows of an Apple connection that Cal.com doesn't list yet.
    awaitsApple: awaitsApple || calendars.some((one) => isApple(one) && one.credentialId === 0),
    // An error of an action stays until the next one. Not "not_connected": the new list shows whether it is.
    error: error && (error.action === "load" || error.code === "not_connected") ? null : error,
  };
}

/** With the results of consent pages, of which the list shows whether they are true. */
function reported(machine: Machine): Machine {
  return machine.returned.reduce<Machine>(
    (next, returned) => ({ ...silent(next), ...outcomeOf(returned, machine) }),
    { ...machine, returned: [] },
  );
}
