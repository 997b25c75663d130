import fc from "fast-check";
import { expect, test } from "vitest";
import { createApp, createBrowser, endOf } from "../../../support/handlers-app.js";

// A user adds accounts and connects accounts again, in two browsers, with attempts that overlap in any order. What an
// attempt removes is at most what it has added itself: an account that works stays, and so does what was reported as
// connected.

const account = fc.constantFrom("alice", "carol", "dora", "erin");
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("start" as const),
      browser: fc.nat(1),
      /** Which connection to connect again; a new account is added otherwise. */
      reconnect: fc.option(fc.nat(1), { nil: null, freq: 2 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("consent" as const),
      which: fc.nat(2),
      account: fc.option(account, { nil: null, freq: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("return" as const), which: fc.nat(2) }) },
  fc.record({ do: fc.constant("look" as const) }),
  fc.record({ do: fc.constant("break" as const), which: fc.nat(2), isRevoked: fc.boolean() }),
  fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(1, 20) }),
);

interface Running {
  browser: number;
  link: string;
  targetId: number | null;
  /** Accounts that Cal.com has stored by its link. */
  added: string[];
  callback: string | null;
}

async function run(steps: (typeof step extends fc.Arbitrary<infer S> ? S : never)[]): Promise<void> {
  const app = createApp();
  const { emulator } = app;
  for (const name of ["alice", "carol", "dora", "erin"]) {
    emulator.provider.addAccount("google", `${name}@google.example`);
  }
  const browsers = [app.handlers, app.sibling()].map(({ handle }) => createBrowser(handle).signIn("ada"));
  for (const name of ["alice", "carol"]) {
    const link = await browsers[0]!.start("google");
    const choice = { account: `${name}@google.example` };
    await browsers[0]!.visit((await emulator.provider.authorize(link, choice)).redirectTo);
  }
  const userId = await app.managedUserId("ada");
  const credentials = () => emulator.calendars.credentials(userId);
  const accounts = () => credentials().map((one) => one.account);
  const working = () => credentials().flatMap((one) => (one.isRevoked ? [] : [one.account]));
  const running: Running[] = [];

  for (const one of steps) {
    const before = working();
    let mayGo: string[] = [];
    switch (one.do) {
      case "start": {
        const target = one.reconnect === null ? undefined : credentials()[one.reconnect];
        const query = target ? `&reconnect=${String(target.id)}` : "&select=1";
        const link = await browsers[one.browser]!.start("google", query);
        running.push({ browser: one.browser, link, targetId: target?.id ?? null, added: [], callback: null });
        break;
      }
      case "consent": {
        const attempt = running[one.which];
        if (!attempt || attempt.callback !== null) break;
        const choice = one.account === null ? { deny: true } : { account: `${one.account}@google.example` };
        const there = accounts();
        attempt.callback = (await emulator.provider.authorize(attempt.link, choice)).redirectTo;
        attempt.added = accounts().filter((name) => !there.includes(name));
        break;
      }
      case "return": {
        const attempt = running[one.which];
        if (!attempt?.callback) break;
        running.splice(one.which, 1);
        const end = endOf(await browsers[attempt.browser]!.visit(attempt.callback));
        if (attempt.targetId !== null && end["reason"] === "different_account") mayGo = attempt.added;
        if (end["connected"] === "true") mayGo = [];
        break;
      }
      case "look":
        await browsers[0]!.fetch("/calendars/status");
        break;
      case "break": {
        const credential = credentials()[one.which];
        if (!credential) break;
        const match = { userId, credentialId: credential.id };
        if (one.isRevoked) {
          emulator.provider.revoke(match);
          mayGo = [credential.account];
        } else emulator.calendars.invalidate(match);
        break;
      }
      case "wait":
        emulator.clock.advance(one.seconds * 1000);
    }
    const lost = before.filter((name) => !working().includes(name) && !mayGo.includes(name));
    expect(lost, one.do).toEqual([]);
    expect(new Set(accounts()).size, "no account twice").toBe(accounts().length);
  }
}

test("attempts that overlap remove nothing but what they have added themselves", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 24 }), run), { numRuns: 100 });
});
