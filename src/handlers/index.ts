/**
 * Request handlers for each step of connecting a calendar.
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
export type { ConnectionCalendar, Connection } from "./account.js";
export type {
  CalHandlersOptions,
  CalSession,
  ConnectedEvent,
  DisconnectedEvent,
  HandlerErrorEvent,
  HandlerName,
} from "./options.js";
export type { HandlerErrorCode, ReturnReason } from "./http/http-error.js";
