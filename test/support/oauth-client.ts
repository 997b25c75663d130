import { CalClient, memoryTokenStore, type CalUser, type TokenStore } from "../../src/index.js";
import type { CommonOptions, ManagedUsersOptions, OAuthOptions } from "../../src/client-options.js";
import type { ReauthorizationInfo } from "../../src/tokens/reauthorization.js";
import { detailsOf, type TokenDetails } from "../../src/tokens/details.js";
import type { CalEmulator } from "../../src/testing/index.js";
import { createOAuth2Emulator, REDIRECT_URI, SCOPES } from "./oauth2-emulator.js";

export interface OAuthClientOptions extends Partial<CommonOptions> {
  mode?: "strict" | "lenient";
  oauth?: Partial<OAuthOptions>;
  managedUsers?: ManagedUsersOptions | true | undefined;
  newUsers?: "managed" | "oauth";
}

/** A client of OAuth 2 against an emulator of its own, both on one clock; and what its hooks and logger were told. */
export function createOAuthClient({ mode = "strict", ...options }: OAuthClientOptions = {}) {
  const { emulator, ada: adaAtCal, grace: graceAtCal } = createOAuth2Emulator(mode);
  const store: TokenStore = options.tokenStore ?? memoryTokenStore({ now: emulator.clock.now });
  const reauthorizations: ReauthorizationInfo[] = [];
  const warnings: string[] = [];
  const create = (more: OAuthClientOptions = {}): CalClient =>
    oauthClientOf(emulator, store, {
      logger: { warn: (message) => void warnings.push(message) },
      hooks: { onReauthorizationRequired: (info) => void reauthorizations.push(info) },
      ...options,
      ...more,
    });
  return {
    emulator,
    store,
    cal: create(),
    /** One more client of the same store: another process. */
    another: create,
    adaAtCal,
    graceAtCal,
    reauthorizations,
    warnings,
    tokenRequests: () => emulator.count({ path: "/auth/oauth2/token" }),
    details: async (userId = "ada"): Promise<TokenDetails> => detailsOf((await store.get(userId))!),
  };
}

export type OAuthWorld = ReturnType<typeof createOAuthClient>;

function oauthClientOf(
  emulator: CalEmulator,
  store: TokenStore,
  { oauth, managedUsers, newUsers, ...options }: OAuthClientOptions = {},
): CalClient {
  const common = {
    baseUrl: emulator.url,
    fetch: emulator.fetch,
    now: emulator.clock.now,
    ...options,
    tokenStore: store,
  };
  const oauthOptions: OAuthOptions = {
    clientId: "app",
    clientSecret: "app-secret",
    redirectUri: REDIRECT_URI,
    scopes: SCOPES,
    authorizeUrl: emulator.oauth2.authorizeUrl,
    ...oauth,
  };
  if (!managedUsers) return new CalClient({ ...common, oauth: oauthOptions });
  const platform =
    managedUsers === true
      ? { clientId: emulator.clientId, clientSecret: emulator.clientSecret }
      : managedUsers;
  return new CalClient({
    ...common,
    managedUsers: platform,
    oauth: oauthOptions,
    newUsers: newUsers ?? "oauth",
  });
}

/** Goes through Cal.com's page as a person. */
export async function authorize(
  { emulator, cal }: Pick<OAuthWorld, "emulator" | "cal">,
  person = "ada",
  more: { teamId?: number } = {},
): Promise<{ code: string; codeVerifier: string | null }> {
  const { url, codeVerifier } = await cal.oauth.authorizationUrl({ state: "st" });
  const { code } = await emulator.oauth2.authorize(url, "teamId" in more ? more : { person });
  return { code: code!, codeVerifier };
}

/** The application user, linked to a person's Cal.com account. */
export async function link(
  world: Pick<OAuthWorld, "emulator" | "cal">,
  userId = "ada",
  person = "ada",
): Promise<CalUser> {
  return world.cal.oauth.link(userId, await authorize(world, person));
}

/** Whether a request is one to the token endpoint. */
export function isTokenRequest(input: Parameters<typeof fetch>[0]): boolean {
  const url = input instanceof Request ? input.url : new URL(input).href;
  return url.endsWith("/auth/oauth2/token");
}
