import {
  CalClient,
  memoryTokenStore,
  type CommonOptions,
  type OAuthOptions,
  type TokenStore,
} from "../../src/index.js";
import {
  createCalHandlers,
  type CalHandlers,
  type CalHandlersOptions,
  type ConnectedEvent,
  type HandlerErrorEvent,
  type LinkedEvent,
  type UnlinkedEvent,
} from "../../src/handlers/index.js";
import { createBrowser, endOf, ORIGIN, SECRET, authenticate, type Browser } from "./handlers-app.js";
import { createOAuth2Emulator, SCOPES } from "./oauth2-emulator.js";

export const CALLBACK = `${ORIGIN}/api/cal/oauth/callback`;
const clients = [
  { id: "app", secret: "app-secret", redirectUris: [CALLBACK], scopes: SCOPES },
  { id: "public", redirectUris: [CALLBACK], scopes: SCOPES },
];

export interface LinkingAppOptions {
  mode?: "strict" | "lenient";
  /** The kind of the OAuth client. */
  kind?: "confidential" | "public";
  /** Also a platform client, and which one new users get. */
  newUsers?: "managed" | "oauth" | undefined;
  oauth?: Partial<OAuthOptions>;
  client?: Partial<CommonOptions>;
  handlers?: Partial<CalHandlersOptions>;
  /** Puts something between the client and the memory store. */
  wrapStore?: (store: Required<TokenStore>) => TokenStore;
}

/** What the application's own functions were told. */
interface Told {
  linked: LinkedEvent[];
  unlinked: UnlinkedEvent[];
  connected: ConnectedEvent[];
  errors: HandlerErrorEvent[];
  log: string[];
}

/** An application whose users link their own Cal.com accounts, over an emulator, without a network. */
export function createLinkingApp(options: LinkingAppOptions = {}) {
  const { mode = "strict", kind = "confidential", newUsers } = options;
  const { emulator, ada, grace } = createOAuth2Emulator(mode, { oauth2: { clients } });
  const store = memoryTokenStore({ now: emulator.clock.now });
  const tokenStore = options.wrapStore?.(store) ?? store;
  const told: Told = { linked: [], unlinked: [], connected: [], errors: [], log: [] };
  const write = (message: string, fields: object): void => void told.log.push(message + toText(fields));
  const logger = { debug: write, warn: write, error: write };
  const oauth: OAuthOptions = {
    ...(kind === "public" ? { clientId: "public" } : { clientId: "app", clientSecret: "app-secret" }),
    scopes: SCOPES,
    authorizeUrl: emulator.oauth2.authorizeUrl,
    ...options.oauth,
  };
  const { clientId, clientSecret } = emulator;
  const createClient = (more: Partial<CommonOptions> = {}): CalClient => {
    const common = {
      baseUrl: emulator.url,
      fetch: emulator.fetch,
      now: emulator.clock.now,
      retry: { limit: 0 },
      logger,
      ...options.client,
      ...more,
      tokenStore,
    };
    return newUsers === undefined
      ? new CalClient({ ...common, oauth })
      : new CalClient({ ...common, oauth, managedUsers: { clientId, clientSecret }, newUsers });
  };
  const cal = createClient();
  const createHandlers = (more: Partial<CalHandlersOptions> = {}): CalHandlers =>
    createCalHandlers({
      client: cal,
      authenticate,
      stateSecret: SECRET,
      appUrl: ORIGIN,
      successUrl: "/connected",
      errorUrl: "/failed",
      exposeAccessToken: true,
      now: emulator.clock.now,
      logger,
      onLinked: (event) => void told.linked.push(event),
      onUnlinked: (event) => void told.unlinked.push(event),
      onConnected: (event) => void told.connected.push(event),
      onError: (event) => void told.errors.push(event),
      ...options.handlers,
      ...more,
    });
  return {
    emulator,
    store,
    cal,
    handlers: createHandlers(),
    /** Another process of the same application. */
    sibling: (more: Partial<CalHandlersOptions> = {}): CalHandlers =>
      createHandlers({ client: createClient(), ...more }),
    told,
    /** Two people with own accounts at Cal.com. */
    people: { ada, grace },
    exchanges: () => emulator.count({ path: "/auth/oauth2/token" }),
  };
}

export type LinkingApp = ReturnType<typeof createLinkingApp>;

function toText(fields: object): string {
  return JSON.stringify(fields, (_key, value: unknown) =>
    value instanceof Error ? `${value.stack ?? ""} ${JSON.stringify(value)}` : value,
  );
}

/** A browser in which an application user is signed in. */
export function browserOf(app: Pick<LinkingApp, "handlers">, userId: string): Browser {
  return createBrowser(app.handlers.handle).signIn(userId);
}

/** The `authUrl` of `/oauth/authorize-url`. */
export async function startLink(browser: Browser, query = ""): Promise<string> {
  const response = await browser.fetch(`/oauth/authorize-url${query}`);
  const body = (await response.json()) as { data: { authUrl: string } };
  return body.data.authUrl;
}

/** The URL to which Cal.com's page leads back, after a person has pressed Allow (or something else). */
export async function consent(
  { emulator }: Pick<LinkingApp, "emulator">,
  authUrl: string,
  options: Parameters<LinkingApp["emulator"]["oauth2"]["authorize"]>[1] = { person: "ada" },
): Promise<string> {
  const { redirectTo, message } = await emulator.oauth2.authorize(authUrl, options);
  if (redirectTo === null) throw new Error(`Cal.com's page does not lead back: ${message ?? ""}`);
  return redirectTo;
}

/** Links an account from the first click to the last redirect. Returns where the user ends up. */
export async function linkAccount(app: LinkingApp, browser: Browser, person = "ada", query = "") {
  const url = await consent(app, await startLink(browser, query), { person });
  return endOf(await browser.visit(url));
}

/** Connects a calendar with one click, linking the account on the way. Returns where the user ends up. */
export async function connectCalendar(
  app: LinkingApp,
  browser: Browser,
  provider: "google" | "office365" = "google",
  { person = "ada", account = "alice" } = {},
) {
  let authUrl = await browser.start(provider);
  if (authUrl.startsWith(app.emulator.oauth2.authorizeUrl)) {
    const back = await browser.visit(await consent(app, authUrl, { person }));
    authUrl = back.headers.get("location")!;
    if (authUrl.startsWith(ORIGIN)) return endOf(back);
  }
  const { redirectTo } = await app.emulator.provider.authorize(authUrl, { account });
  return endOf(await browser.visit(redirectTo));
}

/** The data of the status route. */
export async function statusOf(browser: Browser) {
  const response = await browser.fetch("/calendars/status");
  const body = (await response.json()) as {
    data: {
      hasConnectedCalendars: boolean;
      calendars: { email: string | null; connected: boolean }[];
      calAccount: null | Record<string, unknown>;
      linkable: boolean;
    };
  };
  return body.data;
}
