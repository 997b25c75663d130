import {
  CalendarIntegration,
  type CalAccountView,
  type CalendarIntegrationState,
  type Connection,
  type ConnectionCalendar,
} from "calbridge/react";
import type { ReactNode } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { calendar as plainCalendar, connection as plainConnection } from "../../../support/fake-handlers.js";

const works = (): Promise<boolean> => Promise.resolve(true);

const base: CalendarIntegrationState = {
  status: "connected",
  calendars: [],
  calAccount: null,
  linkable: false,
  pending: null,
  popups: [],
  changes: [],
  error: null,
  result: null,
  connect: works,
  connectApple: works,
  sync: works,
  disconnect: works,
  link: works,
  unlink: works,
  selectCalendar: works,
  setDestination: works,
  reload: works,
  dismiss: () => undefined,
};

const calendar = (name: string, given: Partial<ConnectionCalendar> = {}): ConnectionCalendar =>
  plainCalendar({ externalId: name, name, ...given });

function connection(given: Partial<Connection>): Connection {
  const calendars = ["Team", "Family", "Birthdays"].map((name) => calendar(name));
  return plainConnection({ calendars, ...given });
}

const long = "a-very-long-name-such-as-a-large-company-may-give-to-each-of-its-accounts";
const apple = connection({ calendarType: "apple", credentialId: 9, email: null });
const broken = connection({ credentialId: 8, email: null, connected: false, calendars: [] });
const many = Array.from({ length: 30 }, (_, index) => ({
  ...connection({}).calendars[0]!,
  name: index % 7 === 0 ? `${long} ${index}` : `Project ${index} (shared)`,
}));
const carol = connection({ credentialId: 8, email: "carol@gmail.example" });
const since = "2026-11-03T09:30:00.000Z";
const crowd = Array.from({ length: 30 }, (_, account) =>
  connection({
    credentialId: account + 1,
    email: `account-${account}@gmail.example`,
    calendars: Array.from({ length: 34 }, (_, index) => calendar(`Room ${account}.${index}`)),
  }),
);
const all = [
  connection({}),
  connection({ calendarType: "office365", credentialId: 8, email: "bob@outlook.example" }),
  apple,
];

const linked: CalAccountView = {
  grant: "oauth",
  email: "ada@cal.example",
  linkedAt: since,
  expiresAt: null,
  missingScopes: [],
  reauthorization: null,
};

/** All states of the component, by name. */
const states: Record<string, Partial<CalendarIntegrationState>> = {
  loading: { status: "loading" },
  "nothing-connected": { status: "disconnected" },
  connecting: { status: "disconnected", pending: { action: "connect", provider: "google" } },
  "just-connected": { calendars: [connection({})], result: { action: "connect", provider: "google" } },
  connected: { calendars: all },
  checking: { calendars: all, pending: { action: "sync", provider: "google" } },
  disconnecting: { calendars: all, pending: { action: "disconnect", provider: "google", credentialId: 7 } },
  "apple-not-listed": {
    calendars: [{ ...apple, credentialId: 0, calendars: [] }],
    result: { action: "connectApple", provider: "apple" },
  },
  broken: { status: "broken", calendars: [broken, all[1]!] },
  "one-of-two-broken": { status: "broken", calendars: [connection({}), broken] },
  revoked: {
    status: "broken",
    calendars: [broken],
    error: { action: "sync", provider: "google", code: "revoked" },
  },
  denied: {
    status: "disconnected",
    error: { action: "connect", provider: "office365", code: "access_denied" },
  },
  "wrong-password": {
    status: "disconnected",
    error: { action: "connectApple", provider: "apple", code: "invalid_credentials" },
  },
  "two-accounts": {
    calendars: [
      connection({ calendars: [calendar("Team"), calendar("Holidays", { readOnly: true })] }),
      {
        ...carol,
        calendars: [
          calendar("Carol", { isDestination: true }),
          calendar("Family", { isSelected: false }),
          calendar("יומן המשפחה"),
        ],
      },
    ],
  },
  "two-accounts-one-broken": {
    status: "broken",
    calendars: [connection({}), { ...broken, email: "carol@gmail.example", reason: "revoked", since }],
  },
  reconnecting: {
    status: "broken",
    calendars: [connection({}), { ...broken, email: "carol@gmail.example", reason: "revoked", since }],
    pending: { action: "connect", provider: "google", credentialId: 8 },
  },
  "another-account": {
    status: "broken",
    calendars: [{ ...broken, email: "carol@gmail.example", reason: "revoked" }],
    error: { action: "connect", provider: "google", code: "different_account" },
  },
  refused: {
    calendars: [connection({}), carol],
    error: {
      action: "setDestination",
      code: "not_permitted",
      calendar: { credentialId: 8, integration: "google_calendar", externalId: "Team" },
    },
  },
  "many-calendars": { calendars: crowd },
  "not-linked": { status: "disconnected", linkable: true },
  linking: { status: "disconnected", linkable: true, pending: { action: "link" } },
  linked: { calendars: all, calAccount: linked, linkable: true, result: { action: "link" } },
  unlinking: { calendars: all, calAccount: linked, linkable: true, pending: { action: "unlink" } },
  "link-again": {
    calendars: all,
    linkable: true,
    calAccount: {
      ...linked,
      missingScopes: ["APPS_READ", "APPS_WRITE"],
      reauthorization: { reason: "revoked", since, worksUntil: since },
    },
  },
  "link-again-now": {
    status: "disconnected",
    linkable: true,
    calAccount: { ...linked, reauthorization: { reason: "expired", since, worksUntil: null } },
  },
  "linked-elsewhere": {
    status: "disconnected",
    linkable: true,
    error: { action: "link", code: "cal_account_in_use" },
  },
  "another-cal-account": {
    calendars: all,
    calAccount: { ...linked, reauthorization: { reason: "revoked", since, worksUntil: since } },
    linkable: true,
    error: { action: "link", code: "different_cal_account" },
  },
  "linked-as-team": {
    status: "disconnected",
    linkable: true,
    error: { action: "link", code: "team_account_not_supported" },
  },
  unreachable: { calendars: all, error: { action: "load", code: "unavailable" } },
  "not-loaded": { status: "error", error: { action: "load", code: "unauthenticated" } },
  long: {
    calendars: [
      connection({ email: `${long}@${long}.example`, calendars: many }),
      connection({ credentialId: 8, email: "alice.b@gmail.example" }),
    ],
    result: { action: "disconnect", provider: "google", email: `${long}@${long}.example` },
  },
};

const root = createRoot(document.getElementById("root")!);
const show = (name: string, { keepsPlace = false } = {}): void => {
  const integration = { ...base, ...states[name], ...(keepsPlace && { result: null }) };
  const content: ReactNode = (
    <CalendarIntegration key={name} integration={integration} calAccount={keepsPlace || undefined} />
  );
  flushSync(() => root.render(content));
};
/** 30 accounts with 1,020 calendars, which can be changed. */
const showCrowd = (): void => {
  let calendars = crowd;
  const change: typeof fetch = (url, { body } = {}) => {
    const { credentialId, externalId, isSelected } = JSON.parse(body as string) as ConnectionCalendar;
    const isDestination = (url as string).endsWith("/destination");
    calendars = calendars.map((one) => ({
      ...one,
      calendars: one.calendars.map((calendar) => {
        const isMeant = one.credentialId === credentialId && calendar.externalId === externalId;
        if (isDestination) return { ...calendar, isDestination: isMeant };
        return isMeant ? { ...calendar, isSelected } : calendar;
      }),
    }));
    return Promise.resolve(Response.json({ data: { calendars } }));
  };
  flushSync(() =>
    root.render(<CalendarIntegration key="crowd" fetch={change} initialStatus={{ calendars }} />),
  );
};
Object.assign(globalThis, { states: Object.keys(states), show, showCrowd });
