import type { CalendarIntegrationError } from "../browser/types.js";
import type { PartialCalendarTexts } from "./calendar-texts.js";
import type { LoadedTexts } from "./later-texts.js";
import { startTexts } from "./start-texts.js";

/** The English texts, with the given ones in their place. */
export function withDefaults(texts: PartialCalendarTexts = {}): LoadedTexts {
  return {
    ...merge(startTexts, texts),
    providers: merge(startTexts.providers, texts.providers),
    errors: merge(startTexts.errors, texts.errors),
  };
}

function merge<Of extends object>(defaults: Of, given: object = {}): Of {
  const entries = Object.entries(given).filter(([, text]) => text !== undefined);
  return { ...defaults, ...Object.fromEntries(entries) };
}

/** Replaces the placeholder in a text with a name. */
export function fill(text: string, name: string): string {
  return text.replace(/\{\w+\}/g, () => name);
}

/** Returns the text that says what went wrong and what to do. */
export function describeError(
  { code, action, provider }: CalendarIntegrationError,
  texts?: PartialCalendarTexts,
): string {
  const { errors, providers } = withDefaults(texts);
  // For an existing connection these codes mean that the provider rejects it, or can't be read.
  const key =
    code === "invalid_credentials" && action !== "connectApple"
      ? "revoked"
      : code === "unavailable" && action === "sync"
        ? "provider_error"
        : code;
  // A code comes from an address that anyone can write: `constructor` is no text.
  const text: unknown = errors[key];
  return fill(typeof text === "string" ? text : errors.other, provider ? providers[provider] : "");
}
