/**
 * A store of a user's calendars for pages without React: plain JavaScript, Vue, Svelte and others.
 *
 * @module calbridge/browser
 */
export { createCalendarIntegration } from "./create-calendar-integration.js";
export { stateOf } from "./connections.js";
export type { CalendarIntegrationStore } from "./types.js";
export type * from "./public-types.js";
