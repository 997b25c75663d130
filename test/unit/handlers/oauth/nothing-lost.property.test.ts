import fc from "fast-check";
import { expect, test } from "vitest";
import type { CalHandlers } from "../../../../src/handlers/index.js";
import type { CalEmulator } from "../../../../src/testing/index.js";
import { createApp, createBrowser, endOf, ownCallback, type Browser } from "../../../support/handlers-app.js";
import { consent, createLinkingApp, startLink } from "../../../support/linking-app.js";

// Whatever fails, whatever a user denies and in whatever order it happens: a connection that would work afterwards is
// never removed, unless its user asked for that. What a rejected callback brings is another matter: nothing here is
// rejected as another user's.

type Provider = "google" | "office365";
const provider = fc.constantFrom<Provider>("google", "office365");
const account = fc.constantFrom("alice", "bella", "carol");
const server = fc.constantFrom(0, 1);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("attempt" as const),
      provider,
      account: fc.option(account, { nil: null }),
      /** Adds another account, or connects one of those that are there again; the browser may be another one. */
      reconnect: fc.option(fc.nat(5), { nil: null }),
      isElsewhere: fc.boolean(),
      isOwnCallback: fc.boolean(),
      /** What fails while the browser returns. */
      fault: fc.constantFrom("nothing", "provider", "Cal.com", "list", "check", "disconnect", "save"),
      server,
      /** The page is loaded again, so many times. */
      reloads: fc.nat(2),
    }),
  },
  fc.record({ do: fc.constant("outage" as const), provider, isOver: fc.boolean() }),
  fc.record({ do: fc.constant("revoke" as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant("invalidate" as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant("look" as const), how: fc.constantFrom("status", "sync"), provider, server }),
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("reload an old callback" as const), which: fc.nat(3), server }),
  },
  fc.record({ do: fc.constant("apple" as const), isRight: fc.boolean(), isDown: fc.boolean() }),
  fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(1, 15, 100) }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const faults = {
  nothing: null,
  provider: null,
  "Cal.com": /./,
  list: "/calendars",
  check: /\/check$/,
  disconnect: /\/disconnect$/,
  save: /\/save$/,
} as const;

interface World {
  emulator: CalEmulator;
  handlers: CalHandlers;
  sibling: () => CalHandlers;
  /** Gives the user an account at Cal.com, and returns its id. */
  begin: (ada: Browser) => Promise<number>;
}

/** Calendars in a managed user, and in the user's own Cal.com account. */
const worlds: Record<string, () => World> = {
  "of a managed user"() {
    const { emulator, handlers, sibling, managedUserId } = createApp();
    const begin = async (ada: Browser): Promise<number> => {
      await ada.fetch("/refresh");
      return managedUserId("ada");
    };
    return { emulator, handlers, sibling, begin };
  },
  "of the user's own Cal.com account"() {
    const app = createLinkingApp();
    const begin = async (ada: Browser): Promise<number> => {
      await ada.visit(await consent(app, await startLink(ada)));
      return (await app.store.get("ada"))!.calUserId;
    };
    return { emulator: app.emulator, handlers: app.handlers, sibling: app.sibling, begin };
  },
};

async function run({ emulator, handlers, sibling, begin }: World, steps: Step[]): Promise<void> {
  for (const name of ["alice", "bella", "carol"]) {
    emulator.provider.addAccount("google", `${name}@google.example`);
    emulator.provider.addAccount("office365", `${name}@office.example`);
  }
  const addressOf = (which: Provider, name: string) =>
    `${name}@${which === "google" ? "google" : "office"}.example`;
  const servers = [handlers, sibling()];
  let current = 0;
  const handle = (request: Request) => servers[current]!.handle(request);
  const ada = createBrowser(handle).signIn("ada");
  const phone = createBrowser(handle).signIn("ada");
  const userId = await begin(ada);
  const credentials = () => emulator.calendars.credentials(userId);
  /** The accounts that would work, but for outages. */
  const working = () =>
    new Set(credentials().flatMap(({ account, isRevoked }) => (isRevoked ? [] : [account])));
  const callbacks: (() => Promise<Response>)[] = [];

  const attempt = async (one: Extract<Step, { do: "attempt" }>): Promise<void> => {
    const browser = one.isElsewhere ? phone : ada;
    const target = one.reconnect === null ? undefined : credentials()[one.reconnect];
    const query = target ? `&reconnect=${String(target.id)}` : "&select=1";
    const response = await browser.fetch(`/calendars/oauth-connect-url?type=${one.provider}${query}`);
    if (response.status !== 200) return;
    const beforeConsent = working();
    const { authUrl } = ((await response.json()) as { data: { authUrl: string } }).data;
    const choice = one.account === null ? { deny: true } : { account: addressOf(one.provider, one.account) };
    let callback: string;
    if (one.isOwnCallback) {
      const stop = await emulator.provider.authorize(authUrl, { ...choice, stopBeforeCallback: true });
      const state = new URL(stop.callbackUrl).searchParams.get("state");
      callback = ownCallback(one.provider, {
        code: stop.code,
        state,
        error: one.account === null ? "access_denied" : null,
      });
    } else {
      callback = (await emulator.provider.authorize(authUrl, choice)).redirectTo;
    }
    if (!callback.startsWith("https://app.example")) return;
    // Of an attempt to connect one account again, another account that it has added is removed.
    const before = target ? beforeConsent : working();
    current = one.server;
    const path = faults[one.fault];
    if (one.fault === "provider") emulator.provider.break(one.provider);
    const fault = path && emulator.inject({ path, effect: { status: 503 }, times: Infinity });
    await browser.visit(callback);
    fault?.remove();
    if (one.fault === "provider") emulator.provider.repair(one.provider);
    expectNothingLost(before, "the callback");
    for (let i = 0; i < one.reloads; i += 1) await browser.visit(callback);
    callbacks.push(() => browser.visit(callback));
  };

  const expectNothingLost = (before: Set<string>, when: string): void => {
    expect(
      [...before].filter((account) => !working().has(account)),
      when,
    ).toEqual([]);
  };

  for (const one of steps) {
    const before = working();
    const some = credentials();
    switch (one.do) {
      case "attempt":
        await attempt(one);
        break;
      case "outage":
        if (one.isOver) emulator.provider.repair(one.provider);
        else emulator.provider.break(one.provider);
        break;
      case "revoke":
      case "invalidate": {
        const credential = some[one.which];
        if (!credential) break;
        const match = { userId, credentialId: credential.id };
        if (one.do === "invalidate") emulator.calendars.invalidate(match);
        else {
          emulator.provider.revoke(match);
          before.delete(credential.account);
        }
        break;
      }
      case "look":
        current = one.server;
        if (one.how === "status") await ada.fetch("/calendars/status");
        else await ada.post("/calendars/sync-credentials", { calendarType: one.provider });
        break;
      case "reload an old callback":
        current = one.server;
        if (callbacks[one.which]) endOf(await callbacks[one.which]!());
        break;
      case "apple":
        if (one.isDown) emulator.provider.break("apple");
        await ada.post("/calendars/apple-credentials", {
          username: "dave@icloud.example",
          password: one.isRight ? "good-app-pass" : "wrong-app-pass",
        });
        emulator.provider.repair("apple");
        break;
      case "wait":
        emulator.clock.advance(one.seconds * 1000);
        break;
    }
    expectNothingLost(before, one.do);
  }
}

test.each(Object.entries(worlds))(
  "a connection %s that would work afterwards is never removed unless its user asked",
  async (_, createWorld) => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 14 }), (steps) =>
      run(createWorld(), steps),
    );
    await fc.assert(property, { numRuns: 150 });
  },
);
