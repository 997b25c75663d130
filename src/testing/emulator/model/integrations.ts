import type { EmulatorProvider } from "./accounts.js";
import type { CredentialType } from "./state.js";

/** A provider's names and messages in Cal.com's API. */
export interface Integration {
  provider: EmulatorProvider;
  type: CredentialType;
  slug: string;
  title: string;
  /** `check` without a credential. */
  notFound: string;
  /** `check` with a credential that is marked invalid. */
  invalid: string;
  /** `check` with a credential that is not in the list of calendars. */
  notConnected: string;
  /** The list and `check` after the user has revoked access at the provider. */
  revoked: string;
  /** The app's description in the list of calendars. */
  app: Record<string, unknown>;
}

/** The list and `check` during an outage of the provider, and after most other failures. */
export const UNREACHABLE = "Could not get connected calendars";

const app = (
  slug: string,
  dirName: string,
  name: string,
  more: Record<string, unknown>,
): Record<string, unknown> => ({
  appData: null,
  dirName,
  __template: "",
  name,
  title: name,
  variant: "calendar",
  category: "calendar",
  categories: ["calendar"],
  logo: `/app-store/${dirName}/icon.svg`,
  publisher: "Cal.com",
  slug,
  url: "https://cal.com/",
  email: "help@cal.com",
  locationOption: null,
  ...more,
});

/** The feed's description lacks two keys of the others, and has one of its own. */
function feedApp(): Record<string, unknown> {
  const description = app("ics-feed", "ics-feedcalendar", "ICS Feed", {
    description: "Subscribe to calendars by their address.",
    type: "ics-feed_calendar",
    isTemplate: false,
  });
  return Object.fromEntries(
    Object.entries(description).filter(([key]) => !["category", "url"].includes(key)),
  );
}

export const integrations: Record<EmulatorProvider, Integration> = {
  google: {
    provider: "google",
    type: "google_calendar",
    slug: "google-calendar",
    title: "Google Calendar",
    notFound: "Credentials for google_calendar not found.",
    invalid: "Invalid google OAuth credentials.",
    notConnected: "Google Calendar not connected.",
    revoked: "Access token expired or revoked",
    app: app("google-calendar", "googlecalendar", "Google Calendar", {
      description:
        "Google Calendar is a time management and scheduling service developed by Google. Allows users to create and edit events, with options available for type and time. Available to anyone that has a Gmail account on both mobile and web versions.",
      installed: false,
      type: "google_calendar",
      isOAuth: true,
      delegationCredential: { workspacePlatformSlug: "google" },
    }),
  },
  office365: {
    provider: "office365",
    type: "office365_calendar",
    slug: "office365-calendar",
    title: "Outlook Calendar",
    notFound: "Credentials for office_365_calendar not found.",
    invalid: "Invalid office 365 calendar credentials.",
    notConnected: "Office 365 calendar not connected.",
    revoked: UNREACHABLE,
    app: app("office365-calendar", "office365calendar", "Outlook Calendar", {
      description:
        "Microsoft Office 365 is a suite of apps that helps you stay connected with others and get things done. It includes but is not limited to Microsoft Word, PowerPoint, Excel, Teams, OneNote and OneDrive. Office 365 allows you to work remotely with others on a team and collaborate in an online environment. Both web versions and desktop/mobile applications are available.",
      type: "office365_calendar",
      isOAuth: true,
    }),
  },
  apple: {
    provider: "apple",
    type: "apple_calendar",
    slug: "apple-calendar",
    title: "Apple Calendar",
    notFound: "Credentials for apple calendar not found.",
    invalid: "Invalid apple calendar credentials.",
    notConnected: "Apple calendar not connected.",
    revoked: UNREACHABLE,
    app: app("apple-calendar", "applecalendar", "Apple Calendar", {
      description: "Apple Calendar runs both the macOS and iOS mobile operating systems.",
      installed: true,
      type: "apple_calendar",
      isOAuth: false,
    }),
  },
  "ics-feed": {
    provider: "ics-feed",
    type: "ics-feed_calendar",
    slug: "ics-feed",
    title: "ICS Feed",
    notFound: "Credentials for Ics Feed calendar not found.",
    invalid: "Invalid Ics Feed credentials.",
    notConnected: "Ics Feed not connected.",
    revoked: UNREACHABLE,
    app: feedApp(),
  },
};

export function integrationOf(type: CredentialType): Integration {
  const found = Object.values(integrations).find((integration) => integration.type === type);
  if (!found) throw new Error(`No integration is called ${type}`);
  return found;
}
