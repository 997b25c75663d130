import type { CalClientOptions, ManagedUsersOptions, OAuthOptions } from "./client-options.js";
import { CalValidationError } from "./errors.js";
import { namesIn } from "./lib/names-in.js";

/** What the environment says of the client's options. */
export type EnvOptions = Pick<CalClientOptions, "baseUrl"> & {
  managedUsers?: ManagedUsersOptions | undefined;
  oauth?: OAuthOptions | undefined;
  /** Only with both, and not validated. */
  newUsers?: string | undefined;
};

/**
 * `CAL_CLIENT_ID` and `CAL_CLIENT_SECRET`, `CAL_OAUTH_CLIENT_ID` and the rest of OAuth 2, or both; `CAL_NEW_USERS`;
 * `CAL_API_URL`.
 *
 * @throws `CalValidationError` that names the missing variables.
 */
export function optionsFromEnv(env: Record<string, string | undefined>): EnvOptions {
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;
  const clientId = read("CAL_CLIENT_ID");
  const clientSecret = read("CAL_CLIENT_SECRET");
  const oauthClientId = read("CAL_OAUTH_CLIENT_ID");
  const isPlatform = clientId !== undefined || clientSecret !== undefined || oauthClientId === undefined;
  const missing = [
    ...(isPlatform && clientId === undefined ? ["CAL_CLIENT_ID"] : []),
    ...(isPlatform && clientSecret === undefined ? ["CAL_CLIENT_SECRET"] : []),
  ];
  if (missing.length > 0) {
    throw new CalValidationError(
      `Not set in the environment: ${missing.join(", ")}. ` +
        "Cal.com's platform settings show both; the emulator's: test-client, test-secret. For OAuth 2: CAL_OAUTH_CLIENT_ID.",
    );
  }
  const baseUrl = read("CAL_API_URL");
  return {
    ...(isPlatform && { managedUsers: { clientId: clientId ?? "", clientSecret: clientSecret ?? "" } }),
    ...(oauthClientId !== undefined && {
      oauth: {
        clientId: oauthClientId,
        clientSecret: read("CAL_OAUTH_CLIENT_SECRET"),
        redirectUri: read("CAL_OAUTH_REDIRECT_URI"),
        scopes: scopesFromEnv(env),
        authorizeUrl: read("CAL_AUTHORIZE_URL"),
      },
    }),
    ...(isPlatform && oauthClientId !== undefined && { newUsers: read("CAL_NEW_USERS") }),
    ...(baseUrl !== undefined && { baseUrl }),
  };
}

/** `undefined` if they are not set. Set and empty: no scopes, for older servers. */
export function scopesFromEnv(env: Record<string, string | undefined>): string[] | undefined {
  const list = env["CAL_OAUTH_SCOPES"];
  return list === undefined ? undefined : namesIn(list);
}
