import { connectionsIn } from "./connections.js";
import { codeOf, valid, type Core } from "./core.js";
import type { CalendarId, CalendarProvider } from "./status.js";
import type { CalendarChange } from "./types.js";

const routes = { selectCalendar: "calendars/select", setDestination: "calendars/destination" } as const;
const providers: readonly CalendarProvider[] = ["google", "office365", "apple"];

/** Makes a change of a calendar. Resolves with whether the handlers have accepted it. */
export type MakeChange = (
  action: CalendarChange["action"],
  calendar: CalendarId,
  isSelected?: boolean,
) => Promise<boolean>;

/**
 * Changes of calendars: shown at once, sent one after another, so that the last one wins, and taken back if they are
 * refused.
 */
export function createChanges(core: Core): MakeChange {
  let lastId = 0;
  let earlier: Promise<unknown> = Promise.resolve();

  async function send(change: CalendarChange): Promise<boolean> {
    const { action, calendar, isSelected } = change;
    const body = action === "setDestination" ? calendar : { ...calendar, isSelected };
    try {
      const calendars = valid(connectionsIn(await core.call(routes[action], body)));
      core.dispatch({ type: "changeAccepted", change, calendars });
      return true;
    } catch (error) {
      core.dispatch({ type: "changeRefused", change, code: codeOf(error) });
      return false;
    }
  }

  return (action, { credentialId, integration, externalId }, isSelected = true) => {
    const connection = core.machine().list.find((one) => one.credentialId === credentialId);
    const change: CalendarChange = {
      id: ++lastId,
      action,
      provider: providers.find((name) => name === connection?.calendarType),
      credentialId,
      calendar: { credentialId, integration, externalId },
      isSelected,
    };
    core.dispatch({ type: "changeStarted", change });
    const sent = earlier.then(() => send(change));
    earlier = sent;
    return sent;
  };
}
