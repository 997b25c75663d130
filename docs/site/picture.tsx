import { CalendarIntegration, type CalendarIntegrationState, type Connection } from "calbridge/react";
import { createRoot } from "react-dom/client";

// What the readme's picture shows: one provider in each of the states that matter.

const works = (): Promise<boolean> => Promise.resolve(true);
const calendar = {
  credentialId: 7,
  primary: false,
  readOnly: false,
  isSelected: true,
  isDestination: false,
};

const google: Connection = {
  calendarType: "google",
  integration: "google_calendar",
  credentialId: 7,
  name: "Google Calendar",
  email: "ada@gmail.com",
  connected: true,
  reason: null,
  message: null,
  delegated: false,
  calendars: [
    { ...calendar, externalId: "ada@gmail.com", name: "Ada Lovelace", primary: true, isDestination: true },
    { ...calendar, externalId: "team", name: "Team" },
  ],
};
const office: Connection = {
  ...google,
  calendarType: "office365",
  integration: "office365_calendar",
  credentialId: 8,
  name: "Office 365",
  email: "ada@lovelace.example",
  connected: false,
  calendars: [],
};

const integration: CalendarIntegrationState = {
  status: "broken",
  calendars: [google, office],
  pending: null,
  error: null,
  result: { action: "connect", provider: "google" },
  connect: works,
  connectApple: works,
  sync: works,
  disconnect: works,
  reload: works,
  dismiss: () => undefined,
};

const root = document.getElementById("root");
if (root) createRoot(root).render(<CalendarIntegration integration={integration} />);
