import { pathToFileURL } from "node:url";
import { createCalEmulator, type CalEmulator, type OAuth2Mode } from "../../src/testing/index.js";
import { differences } from "./compare.js";
import { authorizationDifferences } from "./recorded-authorizations.js";
import type { RecordedClass } from "./recorded-class.js";
import { recordedOAuth2Classes } from "./recorded-steps-oauth2.js";
import { recordedClasses } from "./recorded-steps.js";
import { recordedAuthorizations, recordingClasses, recordings, type Recorded } from "./recordings.js";
import { Replay } from "./replay.js";

/** The server that a class was recorded from: managed users and calendars, or one of the OAuth 2 servers. */
export type RecordedMode = "managed users" | OAuth2Mode;

/** How the emulator agrees with one class of recordings. */
export interface ClassAgreement {
  className: string;
  mode: RecordedMode;
  /** The number of recorded requests. */
  total: number;
  /** Requests whose response agrees, or was recorded in a way that can't be reproduced. */
  agreeing: number;
  /** Requests that differ, or are not replayed, for a known reason. */
  exceptions: { name: string; reason: string }[];
  /** Differences without a known reason. */
  unexplained: string[];
  /** Mistakes in the description of the class. */
  stale: string[];
}

/** The agreement required for each mode. */
export const MIN_AGREEMENT = 0.98;

const clients = [
  { id: "second-client", secret: "second-secret" },
  { id: "foreign-client", secret: "foreign-secret", organizationId: 2 },
  { id: "limited-client", secret: "limited-secret", permissions: ["PROFILE_READ"] },
];

const modeOf = (className: string): RecordedMode => {
  if (className.startsWith("oauth2-strict")) return "strict";
  return className.includes("oauth2") ? "lenient" : "managed users";
};

/** Replays a class of recordings against a new emulator. */
export async function measureAgreement(className: string): Promise<ClassAgreement> {
  const mode = modeOf(className);
  const authorizations = recordedAuthorizations(className);
  if (mode !== "managed users" && authorizations.length > 0) {
    const found = new Map<string, string[]>();
    for (const one of authorizations) found.set(one.name, await authorizationDifferences(mode, one));
    return agreementOf(className, {}, found);
  }
  const recordedClass = recordedClasses[className] ?? recordedOAuth2Classes[className];
  if (!recordedClass) throw new Error(`Nothing describes how to replay the recordings ${className}.`);
  return agreementOf(className, recordedClass, await replayClass(className, recordedClass));
}

/** Sends all requests of a class. Returns the differences of each. */
async function replayClass(className: string, recordedClass: RecordedClass): Promise<Map<string, string[]>> {
  const { options, start, beforeEach, before = {}, together = [], excluded = {} } = recordedClass;
  const emulator = createCalEmulator({
    redirectUris: ["http://localhost:4321"],
    clients,
    now: () => Date.parse("2026-11-23T01:14:03.000Z"),
    ...options,
  });
  const replay = new Replay(emulator);
  await start?.(replay);

  const found = new Map<string, string[]>();
  const compare = async (pair: Recorded, response: Response): Promise<void> => {
    const copy = response.clone();
    found.set(pair.name, await differences(pair, response, recordedClass));
    const text = await copy.text();
    if (text.startsWith("{")) replay.learn(pair.response.body, JSON.parse(text));
  };

  const pairs = recordings(className);
  for (const pair of pairs) {
    if (pair.name in excluded || found.has(pair.name)) continue;
    const step = before[pair.name] ?? beforeEach;
    await step?.(replay, pair);
    const names = together.find((group) => group.includes(pair.name)) ?? [pair.name];
    const group = pairs.filter(({ name }) => names.includes(name));
    const responses = await Promise.all(group.map((one) => replay.send(one)));
    for (const [one, response] of match(group, responses, await haveLiveTokens(emulator, responses))) {
      await compare(one, response);
    }
  }
  return found;
}

/** Which of several concurrent requests succeeds is undefined: pairs each recorded response with one of its status. */
function match(group: Recorded[], responses: Response[], isLive: boolean[]): [Recorded, Response][] {
  const rank = (index: number): number => responses[index]!.status * 2 + Number(isLive[index]);
  const order = responses.map((_, index) => index).sort((a, b) => rank(a) - rank(b));
  const recorded = [...group].sort((a, b) => a.response.status - b.response.status);
  return recorded.map((pair, index) => [pair, responses[order[index]!]!]);
}

/** Of several concurrent force-refreshes all get tokens, but only one pair works. */
function haveLiveTokens(emulator: CalEmulator, responses: Response[]): Promise<boolean[]> {
  const live = new Set(emulator.users.list().flatMap(({ id }) => emulator.users.tokens(id).accessTokens));
  return Promise.all(
    responses.map(async (response) => {
      const text = await response.clone().text();
      const token = /"accessToken":"([^"]+)"/.exec(text)?.[1];
      return token !== undefined && live.has(token);
    }),
  );
}

function agreementOf(
  className: string,
  { before = {}, together = [], excluded = {}, exceptions = {} }: RecordedClass,
  found: Map<string, string[]>,
): ClassAgreement {
  const names = [...recordings(className), ...recordedAuthorizations(className)].map(({ name }) => name);
  const differing = names.filter((name) => found.get(name)?.length !== 0);
  const reasons = { ...excluded, ...exceptions };
  return {
    className,
    mode: modeOf(className),
    total: names.length,
    agreeing: names.length - differing.length,
    exceptions: differing
      .filter((name) => name in reasons)
      .map((name) => ({ name, reason: reasons[name] ?? "" })),
    unexplained: differing
      .filter((name) => !(name in reasons))
      .flatMap((name) => (found.get(name) ?? ["not replayed"]).map((one) => `${name}: ${one}`)),
    stale: [
      ...[...Object.keys(before), ...together.flat()].filter((name) => !names.includes(name)),
      ...Object.keys(reasons).filter((name) => !differing.includes(name)),
    ],
  };
}

/** The agreement with all recordings of each mode. */
export interface ModeAgreement {
  mode: RecordedMode;
  total: number;
  agreeing: number;
  /** From 0 to 1. */
  share: number;
}

export function byMode(classes: ClassAgreement[]): ModeAgreement[] {
  return [...new Set(classes.map(({ mode }) => mode))].map((mode) => {
    const ofMode = classes.filter((one) => one.mode === mode);
    const total = ofMode.reduce((sum, one) => sum + one.total, 0);
    const agreeing = ofMode.reduce((sum, one) => sum + one.agreeing, 0);
    return { mode, total, agreeing, share: agreeing / total };
  });
}

export const measureAll = async (): Promise<ClassAgreement[]> => {
  const classes: ClassAgreement[] = [];
  for (const className of recordingClasses) classes.push(await measureAgreement(className));
  return classes;
};

/** The agreement as text. */
export function formatAgreement(classes: ClassAgreement[]): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const lines = byMode(classes).map(
    ({ mode, total, agreeing, share }) => `${mode}: ${agreeing} of ${total} agree (${percent(share)})`,
  );
  for (const { className, exceptions, unexplained } of classes) {
    lines.push(...exceptions.map(({ name, reason }) => `  ${className}, "${name}": ${reason}`));
    lines.push(...unexplained.map((one) => `  ${className}, NOT EXPLAINED: ${one}`));
  }
  return lines.join("\n");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const classes = await measureAll();
  console.log(formatAgreement(classes));
  const isTooLow = byMode(classes).some(({ share }) => share < MIN_AGREEMENT);
  if (isTooLow || classes.some(({ unexplained }) => unexplained.length > 0)) process.exitCode = 1;
}
