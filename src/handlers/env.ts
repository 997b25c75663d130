import type { Optional } from "../lib/optional.js";
import { CalValidationError } from "../errors.js";
import { parseHttpUrl } from "../lib/http-url.js";
import { appPathOf } from "./http/app-url.js";
import { DEFAULT_BASE_PATH } from "./resolve-options.js";
import type { CalHandlersOptions } from "./options.js";

type Env = Record<string, string | undefined>;
type Given = Omit<CalHandlersOptions, "client" | "stateSecret" | "appUrl" | "successUrl"> &
  Optional<Pick<CalHandlersOptions, "stateSecret" | "appUrl" | "successUrl">>;

/** Reads options of the handlers from the environment. Given options take precedence. */
export function optionsFromEnv(
  env: Env,
  given: Given,
  hasConnectionStore = false,
): Omit<CalHandlersOptions, "client"> {
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;
  const missing: string[] = [];
  const need = (name: string, advice: string): string => {
    const value = read(name);
    if (value === undefined) missing.push(`${name} (${advice})`);
    return value ?? "";
  };
  const googleRedirectUri = given.googleRedirectUri ?? read("NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT");
  const officeRedirectUri = given.officeRedirectUri ?? read("NEXT_PUBLIC_OFFICE_CALENDAR_REDIRECT");
  const appUrl =
    given.appUrl ??
    read("NEXT_PUBLIC_APP_URL") ??
    appUrlOf([googleRedirectUri, officeRedirectUri], given.basePath ?? DEFAULT_BASE_PATH) ??
    // The prefix NEXT_PUBLIC_ is Next.js's.
    read("APP_URL") ??
    need("NEXT_PUBLIC_APP_URL or APP_URL", "the application's public address, such as https://your-app.com");
  const options = {
    ...given,
    appUrl,
    googleRedirectUri,
    officeRedirectUri,
    stateSecret:
      given.stateSecret ?? secretsIn(need("CAL_STATE_SECRET", "openssl rand -base64 32 makes one")),
    successUrl:
      given.successUrl ?? need("NEXT_PUBLIC_CALENDAR_SUCCESS_URL", "the page to end on, such as /calendars"),
    linkRedirectUri: given.linkRedirectUri ?? read("CAL_OAUTH_REDIRECT_URI"),
    // Without a connection store the variable is for something else of the application's.
    cronSecret: given.cronSecret ?? (hasConnectionStore ? read("CRON_SECRET") : undefined),
    errorUrl: given.errorUrl ?? read("NEXT_PUBLIC_CALENDAR_ERROR_URL"),
  };
  if (missing.length > 0) throw new CalValidationError(`Not set in the environment: ${missing.join(", ")}.`);
  return options;
}

/**
 * The application's address by its redirect URIs: what stands before `basePath` in those that are callback routes, or
 * the origin of others, which are pages of the application.
 */
function appUrlOf(redirectUris: readonly (string | undefined)[], basePath: string): string | undefined {
  const urls = redirectUris.map(parseHttpUrl).filter((url) => url !== null);
  const callbackPath = new RegExp(`^(.*)${escape(basePath)}/(gcal|office)-oauth-redirect/?$`);
  const callbacks = urls.flatMap((url) => {
    const [, path] = callbackPath.exec(appPathOf(url)) ?? [];
    return path === undefined ? [] : [url.origin + path];
  });
  const found = new Set(callbacks.length > 0 ? callbacks : urls.map(({ origin }) => origin));
  if (found.size > 1 || new Set(urls.map(({ origin }) => origin)).size > 1) {
    throw new CalValidationError(
      "The two redirect URLs are of different origins or applications. Set NEXT_PUBLIC_APP_URL.",
    );
  }
  return [...found][0];
}

function escape(text: string): string {
  return text.replace(/[^\w/]/g, "\\$&");
}

function secretsIn(value: string): string[] {
  return value.split(",").map((secret) => secret.trim());
}
