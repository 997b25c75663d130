import { assertFields, assertOneOf } from "../model/assert.js";

// A fault that never happens, or has another effect than intended, makes a test that proves nothing.

/** Each effect by its identifying key, with the other keys it may have. */
const effects: Readonly<Record<string, readonly string[]>> = {
  status: ["body", "headers"],
  reset: [],
  delayMs: [],
  hang: [],
  truncate: [],
  html: ["status"],
  empty: ["status"],
};
const effectKinds =
  "{ status, body?, headers? }, { reset: true }, { delayMs }, { hang: true }, { truncate: true }, " +
  "{ html: true, status? } or { empty: true, status? }";
const matchKeys = ["method", "path", "grantType"];
const faultKeys = [...matchKeys, "effect", "times", "after", "lost"];

/** @throws TypeError for a fault that can't happen. */
export function assertFault(fault: unknown): void {
  if (!isObject(fault)) {
    throw new TypeError('inject takes a fault: { path: "/calendars", effect: { status: 503 } }.');
  }
  if (fault["effect"] === undefined) {
    throw new TypeError("effect is missing: inject({ effect: { status: 503 } }).");
  }
  assertEffect(fault["effect"]);
  assertFields("A fault", fault, faultKeys);
  assertRequestFields(fault);
  const { times, after, lost } = fault;
  if (times !== undefined && times !== Infinity && !isInteger(times, 1)) {
    throw new TypeError("times must be an integer of 1 or more, or Infinity.");
  }
  if (after !== undefined && !isInteger(after, 0)) {
    throw new TypeError("after must be an integer of 0 or more.");
  }
  if (lost !== undefined && typeof lost !== "boolean") throw new TypeError("lost must be true or false.");
}

/** @throws TypeError for a match that no request fits. */
export function assertMatch(match: unknown): void {
  assertFields("count", match, matchKeys);
  assertRequestFields(match as Record<string, unknown>);
}

function assertRequestFields({ method, path, grantType }: Record<string, unknown>): void {
  if (method !== undefined && (typeof method !== "string" || !/^[a-z]+$/i.test(method))) {
    throw new TypeError('method must be an HTTP method, such as "POST".');
  }
  if (path !== undefined && !canMatch(path)) {
    throw new TypeError(
      'path is the path after /v2, without the query: "/calendars"; or a pattern: /^\\/calendars/.',
    );
  }
  if (grantType !== undefined) assertOneOf("grantType", grantType, ["authorization_code", "refresh_token"]);
}

function canMatch(path: unknown): boolean {
  // Not `instanceof RegExp`: a test runner may have a RegExp of its own realm.
  if (isObject(path)) return typeof path["source"] === "string" && !path["source"].includes("\\/v2\\/");
  return typeof path === "string" && /^(\/[^?#]*)?$/.test(path) && !/^(\/api)?\/v2(\/|$)/.test(path);
}

function assertEffect(effect: unknown): void {
  const refuse = (why: string): never => {
    throw new TypeError(`${why} An effect is ${effectKinds}.`);
  };
  if (!isObject(effect)) return refuse("effect must be an object.");
  const keys = Object.keys(effect);
  const known = keys.filter((key) => Object.hasOwn(effects, key));
  // `status` can also be an optional key of another effect.
  const kind = known.find((key) => key !== "status") ?? known[0];
  if (kind === undefined) return refuse("effect has no known key.");
  const extra = keys.find((key) => key !== kind && !effects[kind]?.includes(key));
  if (extra !== undefined) refuse(`An effect with ${kind} has no ${JSON.stringify(extra)}.`);
  if (kind === "delayMs" && !(Number.isFinite(effect["delayMs"]) && Number(effect["delayMs"]) >= 0)) {
    refuse("delayMs must be a finite number of milliseconds, 0 or more.");
  }
  const status = effect["status"];
  // The range that the `Response` constructor accepts.
  if ((kind === "status" || status !== undefined) && !isInteger(status, 200, 599)) {
    refuse("status must be an integer from 200 to 599.");
  }
  if (!["status", "delayMs"].includes(kind) && effect[kind] !== true) refuse(`${kind} must be true.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isInteger(value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}
