import {
  CalendarIntegration,
  useCalendarIntegration,
  type CalendarIntegrationStatus,
  type ConsentMode,
} from "calbridge/react";
import type { ReactNode } from "react";
import { BusyStrip } from "./busy-strip.js";
import { ServerPanel } from "./server-panel.js";
import type { ServerPanelState } from "./server-panel-state.js";

/** The props of the page, for the server that renders it and the browser that hydrates it. */
export interface SettingsProps {
  userName: string;
  timeZone: string;
  initialStatus?: CalendarIntegrationStatus | undefined;
  /** `popup`: consent pages open in windows of their own. */
  mode?: ConsentMode | undefined;
  serverPanel: ServerPanelState;
  isEmulated: boolean;
}

/** The settings page of an imaginary application, and a panel that shows what the server does. */
export function Settings({
  userName,
  timeZone,
  initialStatus,
  mode,
  serverPanel,
  isEmulated,
}: SettingsProps): ReactNode {
  const integration = useCalendarIntegration({ initialStatus, mode });
  return (
    <>
      <header className="top">
        <p className="brand">Fernhill</p>
        <a href="/connections">All users’ connections</a>
        <form method="post" action="/sign-out">
          <span>{userName}</span> <button>Sign out</button>
        </form>
      </header>
      <div className="columns">
        <main>
          <p className="crumb">Settings</p>
          <h1>Calendars</h1>
          <p className="lead">
            Fernhill reads your calendars, so that no lesson is booked while you are busy.
          </p>
          <CalendarIntegration integration={integration} headingLevel={2} />
          <BusyStrip integration={integration} timeZone={timeZone} />
        </main>
        <ServerPanel initialState={serverPanel} isEmulated={isEmulated} reload={integration.reload} />
      </div>
    </>
  );
}
