import { inspect } from "node:util";
import { expect } from "vitest";

/** Fails if one of the secrets can be read out of a value, by any means a log would use. */
export function expectNoSecret(value: unknown, secrets: readonly string[]): void {
  expect(leaksIn(value, Object.fromEntries(secrets.map((secret) => [secret, secret])))).toEqual([]);
}

/** The names of the secrets that can be read out of a value, by any means a log would use. */
export function leaksIn(value: unknown, secrets: Record<string, string>): string[] {
  const texts = textsOf(value);
  return Object.entries(secrets)
    .filter(([, secret]) =>
      spellingsOf(secret).some((spelling) => texts.some((text) => text.includes(spelling))),
    )
    .map(([name]) => name);
}

/** What can be read out of a value and of each cause behind it. */
function textsOf(value: unknown): string[] {
  const texts = [inspect(value, { depth: Infinity, showHidden: true, getters: true, maxArrayLength: null })];
  const seen = new Set<unknown>();
  let at = value;
  while (typeof at === "object" && at !== null && !seen.has(at)) {
    seen.add(at);
    texts.push(JSON.stringify(at));
    if (at instanceof Error) texts.push(String(at), at.message, at.stack ?? "", at.name);
    for (const key of Reflect.ownKeys(at)) texts.push(inspect(Reflect.get(at, key), { depth: Infinity }));
    at = (at as { cause?: unknown }).cause;
  }
  return [...texts, String(at)];
}

/** The spellings in which a secret could stand somewhere. */
function spellingsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    new URLSearchParams([["", secret]]).toString().slice(1),
  ];
}
