import { createAccounts, type Accounts, type Defined, type EmulatorAccounts } from "./accounts.js";
import { createClock, yieldToOthers, type EmulatorClock } from "./clock.js";
import type { OAuth2Mode, OAuth2State } from "./oauth2-state.js";
import { allPermissions } from "./permissions.js";

/** An OAuth client of Cal.com's platform. */
export interface EmulatorClient {
  id: string;
  secret: string;
  /**
   * An `Origin` header must equal one of these.
   *
   * @defaultValue none
   */
  redirectUris?: string[] | undefined;
  /**
   * The client's permissions. `check` requires `APPS_READ`.
   *
   * @defaultValue all
   */
  permissions?: string[] | undefined;
  /**
   * The client's organization. Each organization has its own owner.
   *
   * @defaultValue 1
   */
  organizationId?: number | undefined;
}

export type Client = Defined<EmulatorClient>;

export interface User {
  id: number;
  /** A managed user, the owner of an organization, or a person with a Cal.com account of their own. */
  kind: "managed" | "owner" | "person";
  /** The client of a managed user. */
  clientId: string | null;
  /** `null` for a person. */
  organizationId: number | null;
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

/** A team of people. OAuth 2 tokens can act for it. */
export interface Team {
  id: number;
  name: string;
  ownerId: number;
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
  /** The account's email address or user name. Empty for an ICS feed. */
  account: string;
  /** The stored app-specific password. Apple only. */
  password: string | undefined;
  /** ICS feeds only. */
  urls: string[];
  readOnly: boolean;
  /** Cal.com has marked the credential invalid. */
  invalid: boolean;
  /** The provider no longer accepts the tokens. Cal.com notices when it uses them. */
  revoked: boolean;
}

/** Access to a user's account that the organization's administrator has granted. It has no credential of its own. */
export interface Delegation {
  id: string;
  userId: number;
  type: CredentialType;
  account: string;
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
  delegationCredentialId: string | null;
  createdAt: number;
  updatedAt: number;
}

/** A kind of meeting that others can book with a user. */
export interface EventType {
  id: number;
  ownerId: number;
  title: string;
  slug: string;
  lengthInMinutes: number;
  description: string;
}

export interface Booking {
  id: number;
  uid: string;
  eventTypeId: number;
  /** The host. */
  userId: number;
  start: number;
  end: number;
  attendee: { name: string; email: string; timeZone: string };
  createdAt: number;
}

export interface StateOptions {
  now: () => number;
  latencyMs: number;
  apiKey: string;
  clients: EmulatorClient[];
  accounts: EmulatorAccounts | undefined;
  oauth2: { mode: OAuth2Mode; hasLegacyScopesOnly: boolean };
}

/** Cal.com's tables and caches. */
export interface State {
  readonly clock: EmulatorClock;
  readonly apiKey: string;
  readonly clients: Map<string, Client>;
  readonly users: Map<number, User>;
  readonly teams: Map<number, Team>;
  readonly accessTokens: Map<string, Token>;
  readonly refreshTokens: Map<string, Token>;
  readonly credentials: Map<number, Credential>;
  delegations: Delegation[];
  selected: SelectedCalendar[];
  readonly destinations: Map<number, Destination>;
  readonly eventTypes: Map<number, EventType>;
  bookings: Booking[];
  readonly oauth2: OAuth2State;
  readonly accounts: Accounts;
  /** Access tokens that were valid when they were last looked up, with the time until which that is remembered. */
  readonly tokenCache: Map<string, number>;
  /** Lists of calendars by user. */
  readonly calendarCache: Map<number, { value: unknown; until: number }>;
  nextId(kind: string, first?: number): number;
  /** The owner of an organization: the user that a client acts as. */
  owner(organizationId: number): User;
  /** The time between a read and a write. */
  pause(): Promise<void>;
}

export function createState(options: StateOptions): State {
  const counters = new Map<string, number>();
  const owners = new Map<number, User>();
  const clock = createClock(options.now);
  const state: State = {
    clock,
    apiKey: options.apiKey,
    clients: new Map(),
    users: new Map(),
    teams: new Map(),
    accessTokens: new Map(),
    refreshTokens: new Map(),
    credentials: new Map(),
    delegations: [],
    selected: [],
    destinations: new Map(),
    eventTypes: new Map(),
    bookings: [],
    oauth2: {
      ...options.oauth2,
      clients: new Map(),
      codes: new Map(),
      tokens: new Map(),
      refreshSecrets: new Map(),
      revokedRefreshes: 0,
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
      const owner = createOwner(state.nextId("owner"), organizationId, clock.now());
      owners.set(organizationId, owner);
      state.users.set(owner.id, owner);
      return owner;
    },
    async pause() {
      if (options.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, options.latencyMs));
      else await yieldToOthers();
    },
  };
  for (const client of options.clients) {
    const { organizationId = 1, redirectUris = [], permissions = [...allPermissions] } = client;
    state.clients.set(client.id, { ...client, organizationId, redirectUris, permissions });
    state.owner(organizationId);
  }
  return state;
}

/** A user with Cal.com's default profile. */
export function newUser(
  given: Pick<User, "id" | "kind" | "clientId" | "organizationId" | "email" | "username" | "createdAt">,
): User {
  return {
    ...given,
    name: null,
    bio: null,
    timeZone: "Europe/London",
    weekStart: "Sunday",
    timeFormat: 12,
    defaultScheduleId: null,
    locale: null,
    avatarUrl: null,
    metadata: null,
  };
}

function createOwner(id: number, organizationId: number, createdAt: number): User {
  const suffix = organizationId === 1 ? "" : String(organizationId);
  const email = `owner@platform${suffix}.example`;
  const username = `owner${suffix}`;
  const owner = newUser({ id, kind: "owner", clientId: null, organizationId, email, username, createdAt });
  return { ...owner, name: "Platform Owner" };
}
