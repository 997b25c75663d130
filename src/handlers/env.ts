import { CalValidationError } from "../errors.js";
import type { CalHandlersOptions } from "./options.js";

type Env = Record<string, string | undefined>;
type Given = Omit<CalHandlersOptions, "client" | "stateSecret" | "appUrl" | "successUrl"> &
  Partial<Pick<CalHandlersOptions, "stateSecret" | "appUrl" | "successUrl">>;

/** What the environment says of the handlers' options; what is given goes before it. */
export function optionsFromEnv(env: Env, given: Given): Omit<CalHandlersOptions, "client"> {
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
    originOf([googleRedirectUri, officeRedirectUri]) ??
    // The prefix is Next.js's; elsewhere it means nothing.
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
    errorUrl: given.errorUrl ?? read("NEXT_PUBLIC_CALENDAR_ERROR_URL"),
  };
  if (missing.length > 0) throw new CalValidationError(`Not set in the environment: ${missing.join(", ")}.`);
  return options;
}

/** The one origin that the redirect URLs have. */
function originOf(urls: readonly (string | undefined)[]): string | undefined {
  const absolute = urls.filter((url) => url !== undefined && URL.canParse(url));
  const origins = new Set(absolute.map((url) => new URL(url ?? "").origin));
  if (origins.size > 1) {
    throw new CalValidationError("The two redirect URLs are of different origins. Set NEXT_PUBLIC_APP_URL.");
  }
  const [origin] = origins;
  return origin;
}

function secretsIn(value: string): string[] {
  return value.split(",").map((secret) => secret.trim());
}
