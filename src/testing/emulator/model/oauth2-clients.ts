import type { EmulatorOAuth2Client, OAuth2Client, OAuth2Mode, OAuth2State } from "./oauth2-state.js";
import { allPermissions } from "./permissions.js";

const MAX_REDIRECT_URIS = 10;
const MAX_SECRETS = 2;

const legacyScopes: readonly string[] = ["READ_BOOKING", "READ_PROFILE"];

export const isKnownScope = (scope: string): boolean =>
  (allPermissions as readonly string[]).includes(scope) || isLegacyScope(scope);

export const isLegacyScope = (scope: string): boolean => legacyScopes.includes(scope);

/** Whether a client, or a token, was made before scopes were enforced: it may do everything. */
export const isLegacy = (granted: readonly string[]): boolean => granted.every(isLegacyScope);

/** @throws TypeError if Cal.com would not register such a client. */
export function addClient({ mode, clients }: OAuth2State, given: EmulatorOAuth2Client): OAuth2Client {
  const { id, secret = [], redirectUris, name = id, scopes: registered = [] } = given;
  const secrets = typeof secret === "string" ? [secret] : [...secret];
  if (typeof id !== "string" || id === "") throw new TypeError("An OAuth 2 client needs an id.");
  if (clients.has(id)) throw new TypeError(`The emulator already has an OAuth 2 client with the id ${id}.`);
  assertSecrets(mode, secrets);
  assertRedirectUris(mode, redirectUris);
  const unknown = registered.find((scope) => !isKnownScope(scope));
  if (unknown !== undefined) {
    throw new TypeError(`Cal.com has no scope ${unknown}. It has ${allPermissions.join(", ")}.`);
  }
  const client: OAuth2Client = {
    id,
    name,
    redirectUris: [...redirectUris],
    scopes: [...registered],
    isTrusted: given.isTrusted ?? false,
    ownerId: given.ownerId ?? null,
    secrets,
    status: given.status ?? "approved",
  };
  clients.set(id, client);
  return client;
}

/** @throws TypeError for a secret that is empty, or for more secrets than a client can have. */
export function assertSecrets(mode: OAuth2Mode, secrets: readonly string[]): void {
  const max = mode === "strict" ? MAX_SECRETS : 1;
  if (secrets.length > max) {
    throw new TypeError(`An OAuth 2 client of a ${mode} server can have at most ${max} secret(s).`);
  }
  if (secrets.some((secret) => typeof secret !== "string" || secret === "")) {
    throw new TypeError("The secret of an OAuth 2 client must be a non-empty string.");
  }
}

function assertRedirectUris(mode: OAuth2Mode, uris: unknown): void {
  const max = mode === "strict" ? MAX_REDIRECT_URIS : 1;
  if (!Array.isArray(uris) || uris.length < 1 || uris.length > max) {
    throw new TypeError(`redirectUris of a ${mode} server must have 1 to ${max} entries.`);
  }
  const invalid = (uris as unknown[]).find((uri) => typeof uri !== "string" || !isRedirectUri(uri));
  if (invalid !== undefined) {
    throw new TypeError(
      `${JSON.stringify(invalid)} can't be a redirect URI: Cal.com takes https, or http on localhost, 127.0.0.1, [::1] ` +
        "and .local, without a fragment.",
    );
  }
}

function isRedirectUri(uri: string): boolean {
  if (!URL.canParse(uri) || uri.includes("#")) return false;
  const { protocol, hostname } = new URL(uri);
  if (protocol === "https:") return true;
  return protocol === "http:" && /^(localhost|127\.0\.0\.1|\[::1\]|.+\.local)$/.test(hostname);
}
