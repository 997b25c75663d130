import { calendarProviders, connectionsIn, isOfConnection } from "./connections.js";
import { codeOf, valid, type Core } from "./core.js";
import type { CalendarId } from "./status.js";
import type { CalendarChange } from "./types.js";

/** Makes a change of a calendar. Resolves with whether the handlers have accepted it. */
export type MakeChange = (
  action: CalendarChange["action"],
  calendar: CalendarId,
  isSelected?: boolean,
) => Promise<boolean>;

/**
 * Changes of calendars: shown at once, sent one after another, so that the last one wins, and undone if they are
 * refused.
 */
export function createChanges(core: Core): MakeChange {
  let lastId = 0;
  let earlier: Promise<unknown> = Promise.resolve();

  async function send(change: CalendarChange): Promise<boolean> {
    const { action, calendar, isSelected } = change;
    try {
      const data =
        action === "setDestination"
          ? core.call("calendars/destination", calendar)
          : core.call("calendars/select", { ...calendar, isSelected });
      const calendars = valid(connectionsIn(await data));
      core.dispatch({ type: "changeAccepted", change, calendars });
      return true;
    } catch (error) {
      core.dispatch({ type: "changeRefused", change, code: codeOf(error) });
      return false;
    }
  }

  return (action, { credentialId, integration, externalId }, isSelected = true) => {
    const calendar: CalendarId = { credentialId, integration, externalId };
    const connection = core.machine().list.find((one) => isOfConnection(calendar, one));
    const change: CalendarChange = {
      id: ++lastId,
      action,
      provider: calendarProviders.find((name) => name === connection?.calendarType),
      credentialId,
      calendar,
      isSelected,
    };
    core.dispatch({ type: "changeStarted", change });
    const sent = earlier.then(() => send(change));
    earlier = sent;
    return sent;
  };
}
