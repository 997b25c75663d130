import { CalendarIntegration, useCalendarIntegration, type CalendarIntegrationStatus } from "calbridge/react";
import type { ReactNode } from "react";
import { Underneath } from "./underneath.js";
import type { UnderneathState } from "./underneath-state.js";

/** What the server knows when it renders the page, and the browser when it takes over. */
export interface SettingsProps {
  userName: string;
  initialStatus?: CalendarIntegrationStatus | undefined;
  underneath: UnderneathState;
  isEmulated: boolean;
}

/** The settings page of an imaginary application, with what happens underneath beside it. */
export function Settings({ userName, initialStatus, underneath, isEmulated }: SettingsProps): ReactNode {
  const integration = useCalendarIntegration({ initialStatus });
  return (
    <>
      <header className="top">
        <p className="brand">Fernhill</p>
        <form method="post" action="/sign-out">
          <span>{userName}</span> <button>Sign out</button>
        </form>
      </header>
      <div className="columns">
        <main>
          <p className="crumb">Settings</p>
          <h1>Calendars</h1>
          <p className="lead">
            Fernhill looks at your calendars, so that nobody books a lesson while you are busy.
          </p>
          <CalendarIntegration integration={integration} headingLevel={2} />
        </main>
        <Underneath initial={underneath} isEmulated={isEmulated} reload={integration.reload} />
      </div>
    </>
  );
}
