/**
 * Request handlers for connecting calendars.
 *
 * @module calbridge/handlers
 */
export {
  createCalHandlers,
  type CalHandler,
  type CalHandlers,
  type CalHandlersEnvOptions,
  type CreateCalHandlers,
} from "./create-cal-handlers.js";
export type { FinishedRollBacks } from "./oauth/finish-roll-backs.js";
export type { ConnectionCalendar, Connection } from "./account.js";
export type { CalAccountView, CalReauthorization, LinkedCalAccount } from "./cal-account-view.js";
export type {
  ConnectedEvent,
  DisconnectedEvent,
  HandlerErrorEvent,
  HandlerName,
  LinkedEvent,
  UnlinkedEvent,
} from "./events.js";
export type { CalHandlersOptions, CalSession, CronOptions } from "./options.js";
export type { HandlerErrorCode, LinkReason, ReturnReason } from "./http/http-error.js";
