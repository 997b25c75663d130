// A fault that never happens, or does something else than was meant, makes a test that proves nothing.

/** Each effect by the key that tells it, with what may stand beside that. */
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
const faultKeys = ["method", "path", "effect", "times", "after", "lost"];

/** @throws TypeError for a fault that says what can't happen. */
export function assertFault(fault: unknown): void {
  if (!isObject(fault)) {
    throw new TypeError('inject takes a fault: { path: "/calendars", effect: { status: 503 } }.');
  }
  if (fault["effect"] === undefined) {
    throw new TypeError("effect is missing: inject({ effect: { status: 503 } }).");
  }
  assertEffect(fault["effect"]);
  const unknown = Object.keys(fault).find((key) => !faultKeys.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`A fault has no ${JSON.stringify(unknown)}. It has ${faultKeys.join(", ")}.`);
  }
  assertMatch(fault);
  const { times, after, lost } = fault;
  if (times !== undefined && times !== Infinity && !isWhole(times, 1)) {
    throw new TypeError("times must be a whole number of 1 or more, or Infinity.");
  }
  if (after !== undefined && !isWhole(after, 0)) {
    throw new TypeError("after must be a whole number of 0 or more.");
  }
  if (lost !== undefined && typeof lost !== "boolean") throw new TypeError("lost must be true or false.");
}

/** @throws TypeError for what no request can match. */
export function assertMatch({ method, path }: { method?: unknown; path?: unknown }): void {
  if (method !== undefined && (typeof method !== "string" || !/^[a-z]+$/i.test(method))) {
    throw new TypeError('method must be one of HTTP\'s, such as "POST".');
  }
  if (path !== undefined && !canMatch(path)) {
    throw new TypeError(
      'path is what follows /v2, without the query: "/calendars"; or a pattern of it: /^\\/calendars/.',
    );
  }
}

function canMatch(path: unknown): boolean {
  // By its form: a test runner's world may have a RegExp of its own.
  if (isObject(path)) return typeof path["source"] === "string" && !path["source"].includes("\\/v2\\/");
  return typeof path === "string" && /^(\/[^?#]*)?$/.test(path) && !/^(\/api)?\/v2(\/|$)/.test(path);
}

function assertEffect(effect: unknown): void {
  const refuse = (why: string): never => {
    throw new TypeError(`${why} An effect is ${effectKinds}.`);
  };
  if (!isObject(effect)) return refuse("effect must be an object.");
  const keys = Object.keys(effect);
  const told = keys.filter((key) => Object.hasOwn(effects, key));
  // `status` stands beside others, too.
  const kind = told.find((key) => key !== "status") ?? told[0];
  if (kind === undefined) return refuse("effect says nothing that is known.");
  const stray = keys.find((key) => key !== kind && !effects[kind]?.includes(key));
  if (stray !== undefined) refuse(`An effect with ${kind} has no ${JSON.stringify(stray)}.`);
  if (kind === "delayMs" && !(Number.isFinite(effect["delayMs"]) && Number(effect["delayMs"]) >= 0)) {
    refuse("delayMs must be a finite number of milliseconds, 0 or more.");
  }
  const status = effect["status"];
  // What the web's Response takes.
  if ((kind === "status" || status !== undefined) && !isWhole(status, 200, 599)) {
    refuse("status must be a whole number from 200 to 599.");
  }
  if (!["status", "delayMs"].includes(kind) && effect[kind] !== true) refuse(`${kind} must be true.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isWhole(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
}
