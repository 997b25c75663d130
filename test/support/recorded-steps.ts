import assert from "node:assert/strict";
import type { RecordedClass, Step } from "./recorded-class.js";
import type { Replay } from "./replay.js";

const flush: Step = ({ emulator }) => emulator.flushCache();

/** Completes a text that the recording has cut, `{"email": ..., "name": "xxx... (200038 characters)`. */
const longBody: Step = (_, { request }) => {
  const [, start = "", length] = /^(.*)\.\.\. \((\d+) characters\)$/s.exec(String(request.body)) ?? [];
  request.body = `${start.padEnd(Number(length) - 2, "x")}"}`;
  request.headers["content-type"] = "application/json";
};

const longUrl =
  (size: number): Step =>
  (_, { request }) => {
    request.path = request.path.padEnd(size, "a");
  };

/** The first user in most lists, in the state after `01-managed-users`. */
async function alice(replay: Replay): Promise<void> {
  const { emulator } = replay;
  const more = { name: "Alice B", timeZone: "America/New_York", metadata: { other: "v" } };
  await replay.user(102, "alice2@example.com", [], more);
  await replay.user(103, "bob@example.com");
  // The address is taken: 409, and yet the user name is written.
  for (const [status, change] of [
    [200, { weekStart: "Monday" }],
    [409, { email: "bob@example.com" }],
  ] as const) {
    const response = await emulator.fetch(
      `${emulator.url}/oauth-clients/test-client/users/${replay.id(102)}`,
      {
        method: "PATCH",
        headers: { "x-cal-secret-key": "test-secret", "content-type": "application/json" },
        body: JSON.stringify(change),
      },
    );
    assert.equal(response.status, status);
  }
  // These requests must not count against the rate limits.
  emulator.flushCache();
}

const credentialsAre =
  (user: number, count: number): Step =>
  (replay) =>
    assert.equal(replay.emulator.calendars.credentials(replay.id(user)).length, count);

const saveQuirks = (provider: string, first: number, name: string): Record<string, Step> => ({
  [`${provider}: wrong code (provider says invalid_grant)`]: credentialsAre(first, 0),
  [`${provider}: EXPIRED access token in state + good code`]: async (replay, recorded) => {
    await credentialsAre(first, 0)(replay, recorded);
    replay.emulator.users.expireAccessTokens(replay.id(first));
  },
  [`${provider}: second connect of the same account`]: credentialsAre(first, 1),
  [`${provider}: reconnect when the stored credential is invalid`]: async (replay, recorded) => {
    await credentialsAre(first, 1)(replay, recorded);
    replay.emulator.calendars.invalidate({ userId: replay.id(first) });
  },
  [name]: (replay) => {
    const [only, ...others] = replay.emulator.calendars.credentials(replay.id(first));
    assert.deepEqual(others, []);
    assert.equal(only?.isInvalid, false);
  },
});

const checkAndList = (
  provider: "google" | "office365",
  user: number,
  [account, credential]: [string, number],
): Record<string, Step> => ({
  [`${provider}: connections, credential.invalid=true`]: flush,
  [`${provider}: GET calendars, provider refresh token revoked (1st)`]: async (replay) => {
    // Connecting again makes an invalid credential valid.
    await replay.save(user, provider, `good:${account}`);
    replay.emulator.provider.revoke({ userId: replay.id(user), provider });
    replay.emulator.flushCache();
  },
  ...(provider === "google" && { "google: GET calendars, provider refresh token revoked (2nd)": flush }),
  [`${provider}: check after reconnect`]: async (replay) => {
    await replay.save(user, provider, `good:${account}`);
    const revoked = replay.emulator.calendars.credentials(replay.id(user)).map(({ isRevoked }) => isRevoked);
    assert.deepEqual(revoked, [true]);
    replay.emulator.flushCache();
  },
  [`${provider}: disconnect credential of another user`]: (replay) =>
    replay.user(user + 1, `other-${provider}@example.com`, [credential === 8 ? "#82" : "#84"]),
  [`${provider}: GET calendars right after disconnect`]: (replay) => {
    assert.deepEqual(replay.emulator.calendars.selected(replay.id(user)), []);
  },
});

/** The classes of managed users and calendars, and the first one of OAuth 2. */
export const recordedClasses: Record<string, RecordedClass> = {
  "01-managed-users": {
    before: {
      "create duplicate email": (replay) =>
        replay.user(103, "bob@example.com", ["#3", "#4"], { name: "Bob", timeZone: null }),
      "patch metadata": async (replay, recorded) => {
        const body = { bio: null, locale: null, avatarUrl: null };
        await replay.send({ ...recorded, request: { ...recorded.request, body } });
      },
      "token of deleted user after redis flush: GET /v2/me": flush,
    },
    together: [["two concurrent creates same email #2", "two concurrent creates same email #1"]],
    exceptions: {
      "username collision 2: same local+domain label, other TLD":
        "recorded before user names had the second label of the domain: a later look at the same server found 201",
    },
  },
  "02-refresh": {
    start: async (replay) => {
      await replay.user(117, "ref1@example.com", ["#25", "#26"]);
      await replay.user(118, "ref2@example.com", ["#32", "#31"]);
      await replay.user(129, "refd@example.com", [undefined, "#35"]);
      await replay.user(130, "refe@example.com", [undefined, "#38"]);
      await replay.user(131, "refp@example.com", ["#41"]);
      await replay.user(132, "refo@example.com", [undefined, "#42"]);
    },
    before: {
      "OLD access token after refresh (redis flushed)": flush,
      "refresh with an EXPIRED refresh token": (replay) =>
        replay.emulator.users.expireRefreshTokens(replay.id(130)),
      "expired access token of user P": (replay) => replay.emulator.users.expireAccessTokens(replay.id(131)),
    },
    together: [[1, 2, 3, 5].map((n) => `five concurrent refreshes #${n}`)],
  },
  "03-force-refresh": {
    start: async (replay) => {
      await replay.user(133, "reff@example.com", ["#48", "#51"]);
      await replay.user(134, "refm@example.com");
    },
    before: { "OLD access token after force-refresh (redis flushed)": flush },
    together: [[1, 2, 3, 4].map((n) => `four concurrent force-refreshes #${n}`)],
  },
  "04-auth": {
    start: async (replay) => {
      await alice(replay);
      await replay.user(135, "auth1@example.com", ["#64"]);
      await replay.user(136, "auth2@example.com", ["#67", "#68"]);
      await replay.user(138, "limited@example.com", ["#72"], { clientId: "limited-client" });
    },
    before: {
      "E: expired in DB but redis still says valid": (replay) =>
        replay.emulator.users.expireAccessTokens(replay.id(136), { isCached: true }),
      "expired token on GET /v2/calendars/google/connect": flush,
    },
  },
  "05-connect": {
    start: (replay) => replay.user(135, "auth1@example.com", ["#64"]),
    excluded: {
      "google connect, app keys {}": "the server was misconfigured for it",
      "google connect, app keys null": "the server was misconfigured for it",
    },
  },
  "06-save": {
    start: async (replay) => {
      for (const id of [139, 140, 141, 142]) await replay.user(id, `save${id}@example.com`, [`#${id - 66}`]);
      for (const id of [143, 145, 146]) await replay.user(id, `save${id}@example.com`, [`#${id - 66}`]);
    },
    before: {
      ...saveQuirks("google", 139, "google: a different account"),
      ...saveQuirks(
        "office365",
        143,
        "office365: state made before a refresh of the user's tokens, old token not expired",
      ),
      "google: DELETED access token in state + good code": (replay, recorded) => {
        void credentialsAre(139, 2)(replay, recorded);
        replay.emulator.users.revokeTokens(replay.id(140));
      },
      "google: state made before a FORCE-refresh": async (replay) => {
        await replay.emulator.users.forceRefresh(replay.id(142));
      },
      "office365: state made before a FORCE-refresh": async (replay) => {
        await replay.emulator.users.forceRefresh(replay.id(146));
      },
    },
  },
  "07-check-list-disconnect": {
    start: async (replay) => {
      await replay.user(147, "clg@example.com", ["#81"]);
      await replay.user(149, "clo@example.com", ["#83"]);
      await replay.user(151, "cla@example.com", ["#85"]);
      await replay.user(152, "cache@example.com", ["#86"]);
      addDentist(replay, "google", "alice");
    },
    before: {
      ...checkAndList("google", 147, ["alice", 8]),
      ...checkAndList("office365", 149, ["bob", 9]),
      "google: check right after connect": (replay) => replay.save(147, "google", "good:alice", 8),
      "google: check, credential.invalid=true": (replay) => {
        replay.emulator.calendars.invalidate({ userId: replay.id(147) });
        replay.emulator.flushCache();
      },
      "office365: GET calendars with one": (replay) => replay.save(149, "office365", "good:bob", 9),
      "office365: GET calendars, credential.invalid=true": (replay) => {
        replay.emulator.calendars.invalidate({ userId: replay.id(149) });
        replay.emulator.flushCache();
      },
      "cache: list 1": (replay) => replay.save(152, "google", "good:alice", 10),
      "cache: list within 10s after credential removed behind its back": (replay) =>
        replay.emulator.calendars.remove({ userId: replay.id(152) }),
    },
  },
  "08-apple-ics-busy-destination-selected-connections": {
    exceptions: {
      "busy: unknown externalId":
        "recorded with a stand-in for Google that ignored the calendar: a later look found an empty list",
    },
    start: async (replay) => {
      await replay.user(153, "apple@example.com", ["#87"]);
      await replay.user(154, "busy@example.com", ["#88"]);
      await replay.user(155, "office@example.com", ["#89"]);
      await replay.user(156, "dest@example.com", ["#90"]);
      await replay.user(157, "none@example.com", ["#91"]);
    },
    before: {
      "apple: iCloud 501 for the right password": ({ emulator }) => emulator.provider.break("apple"),
      "apple: check after failures": ({ emulator }) => emulator.provider.repair("apple"),
      "ics: check": (replay) => saveFeed(replay),
      "busy: valid": async (replay) => {
        await replay.save(154, "google", "good:erin", 13);
        await replay.save(155, "office365", "good:bob", 14);
        addDentist(replay, "google", "erin");
        addDentist(replay, "office365", "bob");
        replay.bind("AQMkAD-primary", "AQMkAD-bob-primary");
      },
      "sel: delete again": async (replay, recorded) => {
        assert.equal((await replay.send(recorded)).status, 200);
      },
    },
  },
  "09-rate-limit": {
    isCounted: true,
    options: { rateLimits: true },
    start: async (replay) => {
      await alice(replay);
      await replay.user(158, "rl1@example.com", ["#92", "#93"]);
    },
    before: {
      "429 body": async (replay, recorded) => {
        replay.emulator.flushCache();
        for (let i = 0; i < 120; i++) assert.equal((await replay.send(recorded)).status, 200);
        assert.equal((await replay.send(recorded)).status, 429);
      },
      "5 s later": ({ emulator }) => emulator.clock.advance(5000),
    },
  },
  "10-malformed": {
    start: alice,
    before: {
      "huge body 200 kB (limit 100 kB)": longBody,
      "very long URL (9 kB)": longUrl(9000),
      "very long URL (20 kB)": longUrl(20_000),
    },
    excluded: {
      "body just under 100 kB": "neither the body nor the response was recorded in full",
      "client id with slash encoded": "a request for the client itself: managing clients is not emulated",
    },
  },
  "11-oauth2-token": {
    options: {
      oauth2: {
        mode: "lenient",
        clients: [
          { id: "oc-conf", secret: "oc-secret", redirectUris: ["http://localhost:4321/cb"], name: "Conf" },
          { id: "oc-pub", redirectUris: ["http://localhost:4321/cb"] },
          {
            id: "oc-pend",
            secret: "oc-secret",
            redirectUris: ["http://localhost:4321/cb"],
            status: "pending",
          },
          {
            id: "oc-rej",
            secret: "oc-secret",
            redirectUris: ["http://localhost:4321/cb"],
            status: "rejected",
          },
        ],
      },
    },
    start: async (replay) => {
      await replay.user(160, "oauth2u1795396975126@example.com", ["#98", "#99"]);
      bindCode(replay, "76ce6396b5c78bcf39f01febecfb32b1", "oc-conf");
      replay.emulator.clock.advance(11 * 60_000);
      for (const code of [
        "d43f4a601b0286ef119c257ad44d5ec9",
        "0411515ad617009876815a6b676f7f84",
        "ed5ffd3cf2a32e7fc95b7fb04f012826",
        "3d00880f147f2ea0e3a38c5715c47f19",
      ]) {
        bindCode(replay, code, "oc-conf");
      }
      bindCode(replay, "c355b7875972643139ba8fea67a67c41", "oc-pend");
      bindCode(replay, "375bdc1d536dedb57e2c693400020a1d", "oc-rej");
      const challenge = await sha256("v".repeat(50));
      for (const code of [
        "2125951d77a6aa514f00e44a2e2669ae",
        "3ae00b49871901b07f1e6472561a15a5",
        "3eb5204b311048ebc388a9021ee4a756",
      ]) {
        bindCode(replay, code, "oc-pub", challenge);
      }
    },
  },
};

function addDentist({ emulator }: Replay, provider: "google" | "office365", account: string): void {
  const event = { id: "evt1", title: "Dentist", start: "2027-01-04T10:00:00Z", end: "2027-01-04T11:00:00Z" };
  emulator.provider.addEvent(provider, account, event);
}

async function saveFeed(replay: Replay): Promise<void> {
  const { emulator } = replay;
  const [accessToken] = emulator.users.tokens(replay.id(153)).accessTokens;
  const response = await emulator.fetch(`${emulator.url}/calendars/ics-feed/save`, {
    method: "POST",
    headers: { Authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
    body: JSON.stringify({ urls: ["https://ics.example.com/good.ics"], readOnly: true }),
  });
  assert.equal(response.status, 201);
}

function bindCode(replay: Replay, recorded: string, clientId: string, codeChallenge?: string): void {
  const userId = replay.id(160);
  const code = replay.emulator.oauth2.issueCode({
    clientId,
    userId,
    ...(codeChallenge && { codeChallenge }),
  });
  replay.bind(recorded, code);
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Buffer.from(digest).toString("base64url");
}
