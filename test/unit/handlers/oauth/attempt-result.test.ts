import { describe, expect, test } from "vitest";
import type { Connection } from "../../../../src/handlers/index.js";
import { createApp, createBrowser, endOf, ownCallback, type App } from "../../../support/handlers-app.js";

type Provider = "google" | "office365";
type Callback = "Cal.com's callback" | "own callback";

const accountsOf = {
  google: { first: "alice", second: "carol", third: "dora", none: "nocalendar" },
  office365: { first: "bob", second: "erin", third: "dora", none: "nocalendar" },
} as const;

/** What the user does on the consent page: consents to an account, or denies access. */
type Decision = "first" | "second" | "third" | "none" | "deny";

/** What is connected when the attempt starts, and what happens before the browser returns. */
type Situation =
  "both work" | "second revoked" | "first invalid" | "outage at the return" | "outage at the start";

interface Expected {
  /** `connected`, or the reason. */
  outcome: string;
  /** What `onConnected` is told: accounts. */
  added?: string[];
  /** What `onDisconnected` is told: which of the connections from before. */
  removed?: ("first" | "second")[];
}

/** Two accounts of one provider are connected, and the user makes an attempt. */
async function attempt(provider: Provider, callback: Callback, situation: Situation, decision: Decision) {
  const told = { added: [] as (string | null)[], removed: [] as number[] };
  const app = createApp({
    handlers: {
      onConnected: ({ connections }) => void told.added.push(...connections.map(({ email }) => email)),
      onDisconnected: ({ credentialIds }) => void told.removed.push(...credentialIds),
    },
  });
  const { emulator } = app;
  emulator.provider.addAccount(provider, `dora@${provider === "google" ? "gmail" : "outlook"}.example`);
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  await ada.fetch("/refresh");
  const userId = await app.managedUserId("ada");
  const { first, second } = accountsOf[provider];
  const ids = {
    first: emulator.calendars.connect(userId, provider, first),
    second: emulator.calendars.connect(userId, provider, second),
  };
  if (situation === "second revoked") emulator.provider.revoke({ userId, credentialId: ids.second });
  if (situation === "first invalid") emulator.calendars.invalidate({ userId, credentialId: ids.first });
  if (situation === "outage at the start") emulator.provider.break(provider);
  const link = await ada.start(provider);
  emulator.provider.repair(provider);

  const choice = decision === "deny" ? { deny: true } : { account: accountsOf[provider][decision] };
  let callbackUrl: string;
  if (callback === "Cal.com's callback") {
    callbackUrl = (await emulator.provider.authorize(link, choice)).redirectTo;
  } else {
    const stop = await emulator.provider.authorize(link, { ...choice, stopBeforeCallback: true });
    const { code, state } = stop;
    callbackUrl = ownCallback(provider, {
      code,
      state: state ?? new URL(stop.callbackUrl).searchParams.get("state"),
      error: decision === "deny" ? "access_denied" : null,
    });
  }
  if (situation === "outage at the return") emulator.provider.break(provider);
  const end = endOf(await ada.visit(callbackUrl));
  emulator.provider.repair(provider);
  const left = emulator.calendars.credentials(userId).map(({ id }) => id);
  return { app, ada, userId, ids, left, told, end };
}

function check(
  { ids, left, told, end }: Awaited<ReturnType<typeof attempt>>,
  { outcome, added = [], removed = [] }: Expected,
): void {
  const { page, connected, reason } = end as Record<string, string | undefined>;
  expect({ page, connected, reason }).toEqual(
    outcome === "connected"
      ? { page: "/connected", connected: "true", reason: undefined }
      : { page: "/failed", connected: "false", reason: outcome },
  );
  expect(told.added.map((email) => email?.split("@")[0])).toEqual(added);
  expect(told.removed).toEqual(removed.map((which) => ids[which]));
  // What is not reported as removed is there.
  for (const which of ["first", "second"] as const) {
    expect(left.includes(ids[which]), which).toBe(!removed.includes(which));
  }
}

const nothing: Expected = { outcome: "not_connected" };
const third: Expected = { outcome: "connected", added: ["dora"] };

describe.each<Provider>(["google", "office365"])("%s, two accounts", (provider) => {
  const { first, second } = accountsOf[provider];
  const isGoogle = provider === "google";
  // Only Google's revocations can be told from an outage.
  const again: Expected = isGoogle ? { outcome: "try_again", removed: ["second"] } : nothing;

  const table: Record<Situation, Record<Callback, Record<Decision, Expected>>> = {
    "both work": {
      "Cal.com's callback": { first: nothing, second: nothing, third, none: nothing, deny: nothing },
      "own callback": {
        first: nothing,
        second: nothing,
        third,
        none: nothing,
        deny: { outcome: "access_denied" },
      },
    },
    "second revoked": {
      // The same for a consent to the revoked account and for any other that adds nothing: Cal.com doesn't tell.
      "Cal.com's callback": { first: again, second: again, third, none: again, deny: again },
      "own callback": {
        first: again,
        second: isGoogle ? { outcome: "connected", added: [second], removed: ["second"] } : nothing,
        third: isGoogle ? { ...third, removed: ["second"] } : third,
        none: again,
        deny: { outcome: "access_denied" },
      },
    },
    "first invalid": {
      // Cal.com gives the same credential new tokens.
      "Cal.com's callback": {
        first: { outcome: "connected", added: [first] },
        second: nothing,
        third,
        none: nothing,
        deny: nothing,
      },
      "own callback": {
        first: { outcome: "connected", added: [first] },
        second: nothing,
        third,
        none: nothing,
        deny: { outcome: "access_denied" },
      },
    },
    "outage at the return": {
      "Cal.com's callback": {
        first: { outcome: "unavailable" },
        second: { outcome: "unavailable" },
        // It was added, and can't be read: it stays.
        third: { outcome: "unavailable" },
        none: { outcome: "unavailable" },
        deny: { outcome: "unavailable" },
      },
      // The provider can't exchange the code. Cal.com reports that for Google only.
      "own callback": {
        first: { outcome: isGoogle ? "save_failed" : "unavailable" },
        second: { outcome: isGoogle ? "save_failed" : "unavailable" },
        third: { outcome: isGoogle ? "save_failed" : "unavailable" },
        none: { outcome: isGoogle ? "save_failed" : "unavailable" },
        deny: { outcome: "access_denied" },
      },
    },
    "outage at the start": {
      "Cal.com's callback": { first: nothing, second: nothing, third, none: nothing, deny: nothing },
      "own callback": {
        first: nothing,
        second: nothing,
        third,
        none: nothing,
        deny: { outcome: "access_denied" },
      },
    },
  };

  const cases = Object.entries(table).flatMap(([situation, callbacks]) =>
    Object.entries(callbacks).flatMap(([callback, decisions]) =>
      Object.entries(decisions).map(
        ([decision, expected]) =>
          [situation, callback, decision, expected] as [Situation, Callback, Decision, Expected],
      ),
    ),
  );

  test.each(cases)("%s, %s, the user chooses %s", async (situation, callback, decision, expected) => {
    check(await attempt(provider, callback, situation, decision), expected);
  });
});

test("a revoked account is connected again by a second attempt, with Cal.com's callback", async () => {
  const { app, ada, userId, ids, told } = await attempt(
    "google",
    "Cal.com's callback",
    "second revoked",
    "second",
  );
  const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"), {
    account: "carol",
  });
  expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
  expect(told).toEqual({ added: ["carol@gmail.example"], removed: [ids.second] });
  const credentials = app.emulator.calendars.credentials(userId);
  expect(credentials.map(({ account, isRevoked }) => [account, isRevoked])).toEqual([
    ["alice@gmail.example", false],
    ["carol@gmail.example", false],
  ]);
});

test("a revoked Microsoft account is connected again after its user has disconnected it", async () => {
  const { app, ada, ids } = await attempt("office365", "Cal.com's callback", "second revoked", "second");
  await ada.post("/calendars/disconnect", { calendarType: "office365", credentialId: ids.second });
  const { redirectTo } = await app.emulator.provider.authorize(await ada.start("office365"), {
    account: "erin",
  });
  expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
});

describe("the save route", () => {
  async function save(app: App, account: string) {
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { code, state } = await app.emulator.provider.authorize(await ada.start("google"), {
      account,
      stopBeforeCallback: true,
    });
    const response = await ada.post("/calendars/save-oauth-cal-creds", { code, state });
    const { data } = (await response.json()) as { data: { calendars: Connection[] } };
    return data;
  }

  test("says which connection is new, and what was removed", async () => {
    const app = createApp();
    const { calendars } = await save(app, "alice");
    app.emulator.provider.revoke({ userId: await app.managedUserId("ada"), provider: "google" });
    const data = await save(app, "carol");
    expect(data).toMatchObject({
      connected: true,
      added: [{ email: "carol@gmail.example", connected: true }],
      calendars: [{ email: "carol@gmail.example" }],
      disconnected: [{ credentialId: calendars[0]!.credentialId }],
    });
    expect(await save(app, "carol")).toMatchObject({
      connected: false,
      reason: "not_connected",
      disconnected: [],
    });
  });
});

describe("a hook that throws", () => {
  test("is called again when the callback is loaded again", async () => {
    let calls = 0;
    const app = createApp({
      handlers: {
        onConnected: () => {
          calls += 1;
          if (calls === 1) throw new Error("the application's database is down");
        },
      },
    });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "internal_error" });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
    expect(calls).toBe(2);
  });
});

test("sync reports the duplicates that it has removed", async () => {
  const removed: number[] = [];
  const app = createApp({
    handlers: { onDisconnected: ({ credentialIds }) => void removed.push(...credentialIds) },
  });
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  await ada.fetch("/refresh");
  const userId = await app.managedUserId("ada");
  const ids = [1, 2].map(() => app.emulator.calendars.connect(userId, "google", "alice"));
  await ada.post("/calendars/sync-credentials", { calendarType: "google" });
  expect(removed).toEqual([ids[1]]);
});
