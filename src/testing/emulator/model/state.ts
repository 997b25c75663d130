import { createAccounts, type Accounts, type EmulatorAccounts } from "./accounts.js";
import type { EmulatorOAuth2Client, OAuth2State } from "./oauth2-state.js";
import { createClock, turn, type EmulatorClock } from "./clock.js";

/** An OAuth client of Cal.com's platform. */
export interface EmulatorClient {
  id: string;
  secret: string;
  /** An `Origin` header must equal one of these. Default: none. */
  redirectUris?: string[];
  /** What the client may do. `APPS_READ` is needed for `check`. Default: everything. */
  permissions?: string[];
  /** Clients of another organization have another owner. Default 1. */
  organizationId?: number;
}

export type Client = Required<EmulatorClient>;

export interface User {
  id: number;
  /** `null` for an organization's owner. */
  clientId: string | null;
  organizationId: number;
  email: string;
  username: string;
  name: string | null;
  bio: string | null;
  timeZone: string;
  weekStart: string;
  createdAt: number;
  timeFormat: number | null;
  defaultScheduleId: number | null;
  locale: string | null;
  avatarUrl: string | null;
  metadata: Record<string, unknown> | null;
}

export interface Token {
  value: string;
  userId: number;
  clientId: string;
  expiresAt: number;
}

export type CredentialType =
  "google_calendar" | "office365_calendar" | "apple_calendar" | "ics-feed_calendar";

/** A connection of a user to a provider's account, as Cal.com stores it. */
export interface Credential {
  id: number;
  userId: number;
  type: CredentialType;
  /** The account's email address or user name; empty for an ICS feed. */
  account: string;
  /** ICS feeds only. */
  urls: string[];
  readOnly: boolean;
  /** Cal.com's own mark. */
  invalid: boolean;
  /** The provider no longer accepts the tokens; Cal.com doesn't know until it asks. */
  revoked: boolean;
}

interface SelectedCalendar {
  userId: number;
  integration: string;
  externalId: string;
  credentialId: number;
}

export interface Destination {
  id: number;
  userId: number;
  integration: string;
  externalId: string;
  primaryEmail: string | null;
  credentialId: number;
  createdAt: number;
  updatedAt: number;
}

export interface StateOptions {
  now: () => number;
  latencyMs: number;
  apiKey: string;
  clients: EmulatorClient[];
  oauth2Clients: EmulatorOAuth2Client[];
  accounts: EmulatorAccounts | undefined;
}

/** Cal.com's tables, and what it keeps in Redis. */
export interface State {
  readonly clock: EmulatorClock;
  readonly apiKey: string;
  readonly clients: Map<string, Client>;
  readonly users: Map<number, User>;
  readonly accessTokens: Map<string, Token>;
  readonly refreshTokens: Map<string, Token>;
  readonly credentials: Map<number, Credential>;
  selected: SelectedCalendar[];
  readonly destinations: Map<number, Destination>;
  readonly oauth2: OAuth2State;
  readonly accounts: Accounts;
  /** Access tokens that were found good once, until when: the database isn't asked again. */
  readonly tokenCache: Map<string, number>;
  /** Lists of calendars by user. */
  readonly calendarCache: Map<number, { value: unknown; until: number }>;
  nextId(kind: string, first?: number): number;
  /** The owner of an organization: who a client is when it acts for itself. */
  owner(organizationId: number): User;
  /** The moment between reading and writing. */
  pause(): Promise<void>;
}

const ALL_PERMISSIONS = [
  "EVENT_TYPE_READ",
  "EVENT_TYPE_WRITE",
  "BOOKING_READ",
  "BOOKING_WRITE",
  "SCHEDULE_READ",
  "SCHEDULE_WRITE",
  "APPS_READ",
  "APPS_WRITE",
  "PROFILE_READ",
  "PROFILE_WRITE",
];

export function createState(options: StateOptions): State {
  const counters = new Map<string, number>();
  const owners = new Map<number, User>();
  const clock = createClock(options.now);
  const state: State = {
    clock,
    apiKey: options.apiKey,
    clients: new Map(),
    users: new Map(),
    accessTokens: new Map(),
    refreshTokens: new Map(),
    credentials: new Map(),
    selected: [],
    destinations: new Map(),
    oauth2: {
      clients: new Map(options.oauth2Clients.map((client) => [client.id, client])),
      codes: new Map(),
      tokens: new Map(),
    },
    accounts: createAccounts(options.accounts, clock),
    tokenCache: new Map(),
    calendarCache: new Map(),
    nextId(kind, first = 1) {
      const id = counters.get(kind) ?? first;
      counters.set(kind, id + 1);
      return id;
    },
    owner(organizationId) {
      const known = owners.get(organizationId);
      if (known) return known;
      const owner = makeOwner(state.nextId("owner"), organizationId, clock.now());
      owners.set(organizationId, owner);
      state.users.set(owner.id, owner);
      return owner;
    },
    async pause() {
      if (options.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, options.latencyMs));
      else await turn();
    },
  };
  for (const client of options.clients) {
    const { organizationId = 1, redirectUris = [], permissions = ALL_PERMISSIONS } = client;
    state.clients.set(client.id, { ...client, organizationId, redirectUris, permissions });
    state.owner(organizationId);
  }
  return state;
}

function makeOwner(id: number, organizationId: number, now: number): User {
  const suffix = organizationId === 1 ? "" : String(organizationId);
  return {
    id,
    clientId: null,
    organizationId,
    email: `owner@platform${suffix}.example`,
    username: `owner${suffix}`,
    name: "Platform Owner",
    bio: null,
    timeZone: "Europe/London",
    weekStart: "Sunday",
    createdAt: now,
    timeFormat: 12,
    defaultScheduleId: null,
    locale: null,
    avatarUrl: null,
    metadata: null,
  };
}
