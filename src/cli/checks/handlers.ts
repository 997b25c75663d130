import { CalValidationError } from "../../errors.js";
import { assertStateSecret } from "../../handlers/oauth/encrypted-json.js";
import { parseHttpUrl } from "../../lib/http-url.js";
import type { CommandIo } from "../command.js";
import { isUnencrypted } from "./address.js";
import { note, ok, wrong, type Finding } from "./finding.js";

/** Checks what `createCalHandlers.fromEnv` needs besides the client. */
export function checkHandlers({ env }: CommandIo): Finding[] {
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;
  const addresses = ["NEXT_PUBLIC_APP_URL", "APP_URL"].flatMap((name) => {
    const value = read(name);
    return value === undefined ? [] : checkAddress(name, value);
  });
  // Without APP_URL the handlers take the address of the redirect URLs.
  const redirects = ["NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT", "NEXT_PUBLIC_OFFICE_CALENDAR_REDIRECT"];
  const isElsewhere = redirects.some((name) => read(name) !== undefined);
  return [
    checkSecret(read("CAL_STATE_SECRET")),
    ...addresses,
    ...(addresses.length > 0 || isElsewhere
      ? []
      : [
          note(
            "APP_URL is not set.",
            "createCalHandlers.fromEnv needs it, or NEXT_PUBLIC_APP_URL: the application's public address, such as https://your-app.com.",
          ),
        ]),
  ];
}

function checkSecret(value: string | undefined): Finding {
  if (value === undefined) {
    const help = "createCalHandlers.fromEnv needs it. Make one with: openssl rand -base64 32";
    return wrong("CAL_STATE_SECRET is not set.", help);
  }
  const secrets = value.split(",").map((secret) => secret.trim());
  try {
    assertStateSecret(secrets);
  } catch (error) {
    if (!(error instanceof CalValidationError)) throw error;
    const problem = error.message.includes("random") ? "can be guessed" : "is too short";
    return wrong(
      secrets.length > 1
        ? `One of the secrets in CAL_STATE_SECRET ${problem}.`
        : `CAL_STATE_SECRET ${problem}.`,
      "Each has 32 characters or more, with a comma between two. Make one with: openssl rand -base64 32",
    );
  }
  return ok(
    secrets.length > 1
      ? `CAL_STATE_SECRET: the first of ${secrets.length} encrypts, all decrypt.`
      : "CAL_STATE_SECRET is long enough.",
  );
}

function checkAddress(name: string, value: string): Finding[] {
  const url = parseHttpUrl(value);
  if (!url || `${url.search}${url.hash}` !== "") {
    return [
      wrong(
        `${name} is not the address of an application.`,
        "It begins with https:// and has no query, fragment or user name: https://your-app.com.",
      ),
    ];
  }
  if (isUnencrypted(value)) {
    return [note(`${name} is http: the session's cookie is sent unencrypted.`, "Use https.")];
  }
  return [ok(`${name}: the application is at ${url.origin}.`)];
}
