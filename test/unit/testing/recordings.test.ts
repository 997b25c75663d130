import { describe, expect, test } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { recordedClasses } from "../../support/behind-the-scenes.js";
import { differences } from "../../support/compare.js";
import { recordingClasses, recordings, type Recorded } from "../../support/recordings.js";
import { Replay } from "../../support/replay.js";

const clients = [
  { id: "second-client", secret: "second-secret" },
  { id: "foreign-client", secret: "foreign-secret", organizationId: 2 },
  { id: "limited-client", secret: "limited-secret", permissions: ["PROFILE_READ"] },
];

describe("the emulator responds as Cal.com was recorded to", () => {
  test.each(recordingClasses)("%s", async (className) => {
    const { options, start, before = {}, together = [], excluded = {} } = recordedClasses[className]!;
    const emulator = createCalEmulator({
      redirectUris: ["http://localhost:4321"],
      clients,
      now: () => Date.parse("2026-11-23T01:14:03.000Z"),
      ...options,
    });
    const isCounted = className === "09-rate-limit";
    const replay = new Replay(emulator);
    await start?.(replay);

    const replayed = new Set<string>();
    const different: string[] = [];
    const check = async (pair: Recorded, response: Response): Promise<void> => {
      replayed.add(pair.name);
      const copy = response.clone();
      for (const difference of await differences(pair, response, { isCounted }))
        different.push(`${pair.name}: ${difference}`);
      const text = await copy.text();
      if (text.startsWith("{")) replay.learn(pair.response.body, JSON.parse(text));
    };

    const pairs = recordings(className);
    for (const pair of pairs) {
      if (pair.name in excluded || replayed.has(pair.name)) continue;
      await before[pair.name]?.(replay, pair);
      const names = together.find((group) => group.includes(pair.name)) ?? [pair.name];
      const group = pairs.filter(({ name }) => names.includes(name));
      const responses = await Promise.all(group.map((one) => replay.send(one)));
      for (const [one, response] of match(group, responses, await liveTokens(emulator, responses))) {
        await check(one, response);
      }
    }

    expect(different).toEqual([]);
    const left = pairs.map(({ name }) => name).filter((name) => !replayed.has(name));
    expect(left).toEqual(Object.keys(excluded));
    const names = pairs.map(({ name }) => name);
    const unknown = [...Object.keys(before), ...together.flat()].filter((name) => !names.includes(name));
    expect(unknown, "steps before requests that no recording has").toEqual([]);
  });
});

/** Which of several concurrent requests succeeds is undefined: pairs each recorded response with one of the same status. */
function match(group: Recorded[], responses: Response[], isLive: boolean[]): [Recorded, Response][] {
  const rank = (index: number): number => responses[index]!.status * 2 + Number(isLive[index]);
  const order = responses.map((_, index) => index).sort((a, b) => rank(a) - rank(b));
  const recorded = [...group].sort((a, b) => a.response.status - b.response.status);
  return recorded.map((pair, index) => [pair, responses[order[index]!]!]);
}

/** Of several concurrent force-refreshes all get tokens, but only one pair works. */
function liveTokens(
  emulator: ReturnType<typeof createCalEmulator>,
  responses: Response[],
): Promise<boolean[]> {
  const live = new Set(emulator.users.list().flatMap(({ id }) => emulator.users.tokens(id).accessTokens));
  return Promise.all(
    responses.map(async (response) => {
      const text = await response.clone().text();
      const token = /"accessToken":"([^"]+)"/.exec(text)?.[1];
      return token !== undefined && live.has(token);
    }),
  );
}
