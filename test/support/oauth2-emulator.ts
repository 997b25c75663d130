import { createCalEmulator, type CalEmulator, type CalEmulatorOptions } from "../../src/testing/index.js";
import { callerOf } from "./emulator-caller.js";

export const REDIRECT_URI = "https://app.example/callback";
export const SCOPES = ["APPS_READ", "APPS_WRITE", "PROFILE_READ"];

const confidential = { secret: "app-secret", redirectUris: [REDIRECT_URI] };

/** An emulator with clients of each kind and status. */
export function createOAuth2Emulator(
  mode: "strict" | "lenient" = "strict",
  options: CalEmulatorOptions = {},
) {
  const emulator = createCalEmulator({
    now: () => Date.parse("2027-01-04T10:00:00.000Z"),
    ...options,
    oauth2: {
      mode,
      clients: [
        { ...confidential, id: "app", name: "The App", scopes: SCOPES },
        { id: "public", redirectUris: [REDIRECT_URI], scopes: SCOPES },
        { ...confidential, id: "trusted", isTrusted: true },
        { ...confidential, id: "pending", status: "pending" },
        { ...confidential, id: "rejected", status: "rejected" },
        { ...confidential, id: "legacy" },
      ],
      ...options.oauth2,
    },
  });
  const [ada, grace] = emulator.people.list();
  return { emulator, api: callerOf(emulator), ada: ada!, grace: grace! };
}

/** A URL of the authorize page. A parameter that is `null` is left out. */
export function authorizeUrl(emulator: CalEmulator, parameters: Record<string, string | null> = {}): string {
  const url = new URL(emulator.oauth2.authorizeUrl);
  const all: Record<string, string | null> = {
    client_id: "app",
    redirect_uri: REDIRECT_URI,
    state: "st",
    scope: SCOPES.join(" "),
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) if (value !== null) url.searchParams.set(name, value);
  return url.href;
}

/** The fields of a token request of the confidential client. */
export const clientFields = { client_id: "app", client_secret: "app-secret" };

export const exchangeFields = (code: string) => ({
  ...clientFields,
  grant_type: "authorization_code",
  redirect_uri: REDIRECT_URI,
  code,
});

export const refreshFields = (refreshToken: string) => ({
  ...clientFields,
  grant_type: "refresh_token",
  refresh_token: refreshToken,
});
