import { isAbout } from "./connections.js";
import type { Status, TimedEvent } from "./events.js";
import { withView, type Machine } from "./machine.js";
import { outcomeOf } from "./outcome.js";
import type { Connection } from "./status.js";

/** The next state. Pure: it calls nothing of a browser, and changes nothing of `machine`. */
export function reduce(machine: Machine, event: TimedEvent): Machine {
  return withView({ ...machine, ...changesOf(machine, event) });
}

/** What an event changes. */
function changesOf(machine: Machine, event: TimedEvent): Partial<Machine> {
  const { popups, changes, loads, turn, list, listedAt, isLeaving } = machine;
  switch (event.type) {
    case "loadStarted":
      return { ...(!event.isQuiet && silent), turn: turn + 1, loads: loads + 1 };
    case "loaded":
      // Ignored if a later load or a change has happened meanwhile.
      return { loads: loads - 1, ...(event.turn === turn && loaded(machine, event.status, event.time)) };
    case "loadFailed": {
      // The failure of a background load is not shown.
      const isTold = event.turn === turn && !(event.isQuiet && listedAt);
      return { loads: loads - 1, ...(isTold && { error: { action: "load", code: event.code } }) };
    }
    case "started":
      return { ...silent, pending: event.activity };
    case "ended": {
      const { activity, code } = event;
      // A consent page is not a success yet. And the page may have been left meanwhile.
      if (isLeaving || machine.pending !== activity) return {};
      return { pending: null, ...(code ? { error: { ...activity, code } } : { result: activity }) };
    }
    case "leaving":
      return { isLeaving: true };
    case "leaveEnded":
      return isLeaving ? { isLeaving: false, pending: null } : {};
    case "popupOpened":
      return { pending: null, popups: [...popups, event.popup] };
    case "popupEnded":
      return {
        popups: popups.filter(({ id }) => id !== event.id),
        // The list was requested before, so it can't confirm a success: the next one can.
        returned: event.returned ? [...machine.returned, event.returned] : machine.returned,
      };
    case "returned": {
      const returned = [event.returned];
      return listedAt ? reported({ ...machine, returned }) : { returned };
    }
    case "checked": {
      const { provider, calendars, reason } = event;
      // A check that found no connection, or could not be made, says nothing of those in the list.
      const isFound = reason && reason !== "not_connected" && reason !== "unavailable";
      const foundBroken = isFound ? provider : null;
      const others = list.filter((one) => !isAbout({ action: "sync", provider }, one));
      return { foundBroken, ...listed({ ...machine, foundBroken }, [...others, ...calendars], event.time) };
    }
    case "disconnected":
      return listed(
        machine,
        list.filter((one) => !isAbout(event.activity, one)),
        event.time,
      );
    case "appleAccepted": {
      // An Apple connection without calendars is broken or not listed yet. The new one replaces it.
      const others = list.filter((one) => !isApple(one) || one.calendars.length);
      return { ...listed(machine, [...others, ...event.calendars], event.time), awaitsApple: true };
    }
    case "appleWaitEnded":
      return { awaitsApple: false };
    case "unlinked":
      return { ...listed(machine, [], event.time), calAccount: null };
    case "changeStarted":
      return { ...silent, changes: [...changes, event.change] };
    case "changeAccepted":
    case "changeRefused": {
      const { id, isSelected, ...activity } = event.change;
      return {
        changes: changes.filter((change) => change !== event.change),
        ...(event.type === "changeAccepted"
          ? listed(machine, event.calendars, event.time)
          : { result: null, error: { ...activity, code: event.code } }),
      };
    }
    case "dismissed":
      return listedAt ? silent : { result: null };
    case "stopped":
      return { turn: turn + 1, pending: null, isLeaving: false, awaitsApple: false, popups: [] };
  }
}

/** Without the messages about earlier actions. */
const silent = { error: null, result: null, foundBroken: null };

const isApple = ({ calendarType }: Connection): boolean => calendarType === "apple";

/**
 * A list that has changed. A request for the status that was sent before returns an older one. Before the first list is
 * loaded, nothing is known of the other connections: then it is left to the request that follows.
 */
function listed(
  { listedAt, foundBroken, turn }: Machine,
  connections: Connection[],
  time: number,
): Partial<Machine> {
  if (!listedAt) return {};
  const isFound = ({ calendarType }: Connection): boolean => calendarType === foundBroken;
  const isKnown = connections.some((one) => isFound(one) && !one.connected);
  const list = connections.map((one) => (!isKnown && isFound(one) ? { ...one, connected: false } : one));
  return { list, listedAt: time, turn: turn + 1 };
}

function loaded(machine: Machine, { calendars, ...account }: Status, time: number): Partial<Machine> {
  const { error, awaitsApple } = machine;
  // For some seconds Cal.com does not list a new Apple connection.
  const missing = awaitsApple && !calendars.some(isApple) ? machine.list.filter(isApple) : [];
  const next = {
    ...listed({ ...machine, listedAt: time }, [...calendars, ...missing], time),
    ...account,
    // The server, too, knows of an Apple connection that Cal.com doesn't list yet.
    awaitsApple: awaitsApple || calendars.some((one) => isApple(one) && one.credentialId === 0),
    // An error of an action stays until the next one. Not "not_connected": the new list shows whether it is.
    error: error && (error.action === "load" || error.code === "not_connected") ? null : error,
  };
  return { ...next, ...reported({ ...machine, ...next }) };
}

/** The results of consent pages, of which the list shows whether they are true. */
function reported(machine: Machine): Partial<Machine> {
  return machine.returned.reduce<Partial<Machine>>(
    (changes, returned) => ({ ...changes, ...silent, ...outcomeOf(returned, machine) }),
    { returned: [] },
  );
}
