import { inspect } from "node:util";
import { expect } from "vitest";

/** Fails if a log of the value would contain one of the secrets. */
export function expectNoSecret(value: unknown, secrets: readonly string[]): void {
  expect(leaksIn(value, Object.fromEntries(secrets.map((secret) => [secret, secret])))).toEqual([]);
}

/** The names of the secrets that a log of the value would contain. */
export function leaksIn(value: unknown, secrets: Record<string, string>): string[] {
  const texts = textsOf(value);
  return Object.entries(secrets)
    .filter(([, secret]) => encodedForms(secret).some((form) => texts.some((text) => text.includes(form))))
    .map(([name]) => name);
}

/** The texts that a log may write for a value and for its causes. */
function textsOf(value: unknown): string[] {
  const texts = [inspect(value, { depth: Infinity, showHidden: true, getters: true, maxArrayLength: null })];
  const seen = new Set<unknown>();
  let current = value;
  while (typeof current === "object" && current !== null && !seen.has(current)) {
    seen.add(current);
    texts.push(JSON.stringify(current));
    if (current instanceof Error)
      texts.push(String(current), current.message, current.stack ?? "", current.name);
    for (const key of Reflect.ownKeys(current))
      texts.push(inspect(Reflect.get(current, key), { depth: Infinity }));
    current = (current as { cause?: unknown }).cause;
  }
  return [...texts, String(current)];
}

/** The encoded forms in which a secret may appear. */
function encodedForms(secret: string): string[] {
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
