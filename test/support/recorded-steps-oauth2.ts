import type { CalEmulatorOptions, EmulatedOAuth2Tokens, OAuth2Mode } from "../../src/testing/index.js";
import type { RecordedClass, Step } from "./recorded-class.js";
import { recordings, type Recorded } from "./recordings.js";
import type { Replay } from "./replay.js";

const REDIRECT_URI = "http://localhost:4321/cb";
const SCOPES = ["APPS_READ", "APPS_WRITE", "PROFILE_READ", "PROFILE_WRITE"];
const VERIFIER = "v".repeat(50);

const confidential = { id: "oc-conf", secret: "oc-secret", redirectUris: [REDIRECT_URI], name: "Conf" };
const pending = { ...confidential, id: "oc-pend", status: "pending" } as const;

export const recordedOAuth2Clients = [
  confidential,
  { id: "oc-pub", redirectUris: [REDIRECT_URI] },
  pending,
  { ...confidential, id: "oc-rej", status: "rejected" as const },
];

const optionsOf = (mode: OAuth2Mode, more: CalEmulatorOptions = {}): CalEmulatorOptions => ({
  oauth2: { mode, clients: recordedOAuth2Clients, people: [] },
  ...more,
});

/** The users that a class names, in order. */
function usersIn(className: string): number[] {
  const ids = JSON.stringify(recordings(className)).matchAll(/_of_user_(\d+)>/g);
  return [...new Set([...ids].map(([, id]) => Number(id)))];
}

function issue(replay: Replay, userId: number, grant: Record<string, unknown> = {}) {
  const { oauth2 } = replay.emulator;
  return oauth2.issueTokens({ clientId: "oc-conf", userId, scopes: SCOPES, ...grant });
}

/** Sets the value of the only name in a recorded request without one. */
function bindOnly(replay: Replay, recorded: Recorded, value: string): void {
  const [name, ...others] = replay.unboundNames(recorded);
  if (name === undefined || others.length > 0) {
    throw new Error(`${recorded.name}: expected one name without a value, not ${others.length + 1}.`);
  }
  replay.bind(name, value);
}

/** The state of a class: its first user, and tokens for later requests. */
class Session {
  userId = 0;
  tokens: EmulatedOAuth2Tokens = { accessToken: "", refreshToken: "", expiresIn: 0 };

  readonly #className: string;

  constructor(className: string) {
    this.#className = className;
  }

  /** Creates the class's first user as a managed user. */
  start(email: string): (replay: Replay) => Promise<void> {
    return async (replay) => {
      const [recordedId = 0] = usersIn(this.#className);
      await replay.user(recordedId, email);
      this.userId = replay.id(recordedId);
    };
  }

  /** Issues tokens, and uses them for the names of this request. */
  issue(kind: "accessToken" | "refreshToken", grant: Record<string, unknown> = {}): Step {
    return async (replay, recorded) => {
      this.tokens = await issue(replay, this.userId, grant);
      bindOnly(replay, recorded, this.tokens[kind]);
    };
  }

  /** Uses the tokens that were issued last. */
  use(kind: "accessToken" | "refreshToken"): Step {
    return (replay, recorded) => bindOnly(replay, recorded, this.tokens[kind]);
  }
}

function exchange(mode: OAuth2Mode): RecordedClass {
  const session = new Session(`oauth2-${mode}-1-exchange`);
  const code =
    (grant: { clientId?: string; codeChallenge?: string; codeChallengeMethod?: string } = {}): Step =>
    (replay, recorded) => {
      const { userId } = session;
      const given = { clientId: "oc-conf", userId, scopes: SCOPES, ...grant };
      bindOnly(replay, recorded, replay.emulator.oauth2.issueCode(given));
    };
  const withChallenge =
    (clientId: string, codeChallengeMethod = "S256"): Step =>
    async (replay, recorded) =>
      code({ clientId, codeChallenge: await sha256(VERIFIER), codeChallengeMethod })(replay, recorded);

  return {
    options: optionsOf(mode),
    start: session.start("oauth2a@example.com"),
    beforeEach(replay, recorded) {
      if (replay.unboundNames(recorded).length > 0) return code()(replay, recorded);
    },
    before: {
      "code that expired": async (replay, recorded) => {
        await code()(replay, recorded);
        replay.emulator.clock.advance(11 * 60_000);
      },
      "code of another client": withChallenge("oc-pub"),
      "client pending, user not its owner": code({ clientId: "oc-pend" }),
      "client rejected": code({ clientId: "oc-rej" }),
      "client pending, user is its owner": (replay, recorded) => {
        const { clients } = replay.emulator.oauth2;
        clients.delete("oc-pend");
        clients.create({ ...pending, ownerId: session.userId });
        return code({ clientId: "oc-pend" })(replay, recorded);
      },
      "public, right verifier": withChallenge("oc-pub"),
      "public, wrong verifier": withChallenge("oc-pub"),
      "public, no verifier": withChallenge("oc-pub"),
      "public, empty verifier": withChallenge("oc-pub"),
      "public, code without a challenge": code({ clientId: "oc-pub" }),
      "public, method plain": withChallenge("oc-pub", "plain"),
      "public, with a client_secret and no verifier": withChallenge("oc-pub"),
      "public, with client_secret and verifier": withChallenge("oc-pub"),
      "confidential, challenge at authorize, secret and verifier": withChallenge("oc-conf"),
      "confidential, challenge at authorize, secret only": withChallenge("oc-conf"),
      "confidential, challenge at authorize, verifier only": withChallenge("oc-conf"),
    },
  };
}

function refresh(mode: OAuth2Mode): RecordedClass {
  const className = `oauth2-${mode}-2-refresh`;
  const session = new Session(className);
  const isStrict = mode === "strict";
  let second: EmulatedOAuth2Tokens | undefined;
  const atOnce = (n: number): string => `five refreshes at once with one refresh token #${n}`;

  return {
    options: optionsOf(mode),
    start: session.start("oauth2b@example.com"),
    async beforeEach(replay, recorded) {
      // A token of a grant that was not recorded.
      const [name] = replay.unboundNames(recorded);
      if (name?.startsWith("<Refresh_Token")) await session.issue("refreshToken")(replay, recorded);
    },
    before: {
      "old access token after a refresh": session.use("accessToken"),
      "two grants of one user (two devices): refresh the first": async (replay, recorded) => {
        if (isStrict) await session.issue("refreshToken")(replay, recorded);
        second = await issue(replay, session.userId);
      },
      "two grants of one user: then refresh the second": (replay, recorded) =>
        bindOnly(replay, recorded, second?.refreshToken ?? ""),
      [atOnce(1)]: async (replay, recorded) => {
        if (!isStrict) return;
        await session.issue("refreshToken")(replay, recorded);
        // In the recorded round, the token of the first response was dead.
        replay.emulator.oauth2.revokeNextRefreshToken();
      },
      "expired refresh token": async (replay, recorded) => {
        await session.issue("refreshToken")(replay, recorded);
        replay.emulator.oauth2.expireRefreshTokens(session.userId, { clientId: "oc-conf" });
      },
      "refresh token signed with another key": (replay, recorded) =>
        bindOnly(replay, recorded, "eyJhbGciOiJIUzI1NiJ9.e30.x"),
      "a managed user's refresh token": (replay, recorded) =>
        bindOnly(replay, recorded, replay.emulator.users.tokens(session.userId).refreshTokens[0] ?? ""),
      "a refresh token of the old kind (no secret inside)": session.issue("refreshToken", {
        withoutSecret: true,
        scopes: ["READ_PROFILE"],
      }),
      "public client refresh, no secret": session.issue("refreshToken", { clientId: "oc-pub" }),
      "refresh while the client is pending again": async (replay, recorded) => {
        await session.issue("refreshToken")(replay, recorded);
        replay.emulator.oauth2.clients.review("oc-conf", "pending");
      },
      "access token while the client is pending again": session.use("accessToken"),
      "refresh when the client is rejected": ({ emulator }) =>
        emulator.oauth2.clients.review("oc-conf", "rejected"),
      "access token of a deleted user": async (replay, recorded) => {
        const { emulator } = replay;
        emulator.oauth2.clients.review("oc-conf", "approved");
        const { id } = await emulator.users.create({ email: "oauth2d@example.com", name: "oauth2d" });
        session.userId = id;
        await session.issue("accessToken")(replay, recorded);
        emulator.users.delete(id);
      },
      "refresh of a deleted user": session.use("refreshToken"),
    },
    // Two of the five requests came too late: the strict server had deleted the token.
    together: [(isStrict ? [1, 2, 3] : [1, 2, 3, 4, 5]).map(atOnce)],
  };
}

// The owner of the recorded server's organization had another address here.
const owner = { "owner@example.com": "owner@platform.example", Owner: "Platform Owner" };

function accessTokens(mode: OAuth2Mode): RecordedClass {
  const session = new Session(`oauth2-${mode}-3-access-token`);
  return {
    options: optionsOf(mode),
    ownData: owner,
    start: async (replay) => {
      // The first user in the list of managed users.
      await replay.user(101, "a1@example.com", [], { name: "A" });
      await session.start("oauth2c@example.com")(replay);
    },
    before: {
      "expired access token: GET /v2/me": async (replay, recorded) => {
        await session.issue("accessToken")(replay, recorded);
        replay.emulator.oauth2.expireAccessTokens(session.userId);
        // The next tokens must not be the same, as those of one second are.
        replay.emulator.clock.advance(1000);
      },
      "a refresh token as access token": session.issue("refreshToken"),
      tampered: (replay, recorded) => bindOnly(replay, recorded, `${session.tokens.accessToken}x`),
      "signed with another key": (replay, recorded) =>
        bindOnly(replay, recorded, "eyJhbGciOiJIUzI1NiJ9.e30.y"),
      "save: valid access token in the state": session.issue("accessToken"),
      "access token of a client that was deleted": async (replay, recorded) => {
        const { clients } = replay.emulator.oauth2;
        clients.create({ ...confidential, id: "oc-gone" });
        await session.issue("accessToken", { clientId: "oc-gone" })(replay, recorded);
        clients.delete("oc-gone");
      },
      "refresh at a client that was deleted": session.use("refreshToken"),
    },
  };
}

/** The calls of the calendar flow, with one access token. */
function calls(
  className: string,
  mode: OAuth2Mode,
  scopes: string[],
  start: (replay: Replay, recordedId: number) => Promise<void> | void,
): RecordedClass {
  const [recordedId = 0] = usersIn(className);
  return {
    options: optionsOf(mode, {
      accounts: { apple: [{ username: "appleuser@icloud.com", password: "good-app-pass" }] },
    }),
    async start(replay) {
      const { emulator } = replay;
      // The recorded requests name credential 1, which belongs to another user.
      const other = await emulator.users.create({ email: "other@example.com", name: "Other" });
      emulator.calendars.connect(other.id, "office365", "bob");
      await start(replay, recordedId);
      const event = {
        id: "evt1",
        title: "Dentist",
        start: "2027-01-04T10:00:00Z",
        end: "2027-01-04T11:00:00Z",
      };
      emulator.provider.addEvent("google", "alice", event);
    },
    async beforeEach(replay, recorded) {
      const userId = replay.id(recordedId);
      const [name] = replay.unboundNames(recorded);
      if (name !== undefined) {
        const { accessToken } = await issue(replay, userId, { scopes });
        replay.bind(name, accessToken);
      }
      const [credential] = replay.emulator.calendars.credentials(userId);
      for (const recordedCredential of credentialsIn(recorded)) {
        if (credential && recordedCredential !== 1) replay.bindCredential(recordedCredential, credential.id);
      }
    },
  };
}

/** The ids of credentials in a recorded request. */
function credentialsIn({ request: { path, body } }: Recorded): number[] {
  const inPath = path.matchAll(/(?:connections\/|credentialId\]?=)(\d+)/g);
  const { id, credentialId } = (body ?? {}) as Record<string, unknown>;
  return [...[...inPath].map(([, digits]) => Number(digits)), id, credentialId].filter(
    (one): one is number => typeof one === "number",
  );
}

function ownAccount(mode: OAuth2Mode): RecordedClass {
  const className = `oauth2-${mode}-4-calls-own-account`;
  return calls(className, mode, SCOPES, (replay, recordedId) => {
    const [me] = recordings(className);
    const { name } = (me?.response.body as { data: { name: string } }).data;
    const person = { email: "plain@example.com", name, timeZone: "Europe/Berlin" };
    replay.bindUser(recordedId, replay.emulator.people.create(person).id);
  });
}

function scoped(label: string, scopes: string[]): [className: string, recordedClass: RecordedClass] {
  const className = `oauth2-strict-6-scope-${label}`;
  const recordedClass = calls(className, "strict", scopes, (replay, recordedId) => {
    const { name = "Ada", email = "ada@example.com" } = userIn(className);
    return replay.user(recordedId, email.replace("+test-client", ""), [], { name });
  });
  return [className, recordedClass];
}

/** The class's user, if a response has it. */
function userIn(className: string): { name?: string; email?: string } {
  const [me] = recordings(className);
  return (me?.response.body as { data?: { name: string; email: string } }).data ?? {};
}

function limits(mode: OAuth2Mode): RecordedClass {
  const session = new Session(`oauth2-${mode}-7-limits`);
  const sendBefore =
    (count: number): Step =>
    async (replay, recorded) => {
      for (let n = 0; n < count; n++) await replay.send(recorded);
    };
  return {
    options: optionsOf(mode, { rateLimits: true }),
    start: session.start("oauth2l@example.com"),
    before: {
      "token endpoint, request 122 of one address within a minute": sendBefore(121),
      "GET /v2/me, request 502 of one access token within a minute": async (replay, recorded) => {
        await session.issue("accessToken")(replay, recorded);
        await sendBefore(501)(replay, recorded);
      },
    },
  };
}

const modes: OAuth2Mode[] = ["lenient", "strict"];

/** The classes of OAuth 2. The authorize page's have no requests: see `recorded-authorizations.ts`. */
export const recordedOAuth2Classes: Record<string, RecordedClass> = Object.fromEntries([
  ...modes.flatMap((mode) => [
    [`oauth2-${mode}-1-exchange`, exchange(mode)],
    [`oauth2-${mode}-2-refresh`, refresh(mode)],
    [`oauth2-${mode}-3-access-token`, accessTokens(mode)],
    [`oauth2-${mode}-4-calls-own-account`, ownAccount(mode)],
    [`oauth2-${mode}-7-limits`, limits(mode)],
  ]),
  scoped("APPS-READ", ["APPS_READ"]),
  scoped("APPS-WRITE", ["APPS_WRITE"]),
  scoped("BOOKING-READ", ["BOOKING_READ"]),
  scoped("READ-BOOKING-READ-PROFILE-legacy-client", ["READ_BOOKING", "READ_PROFILE"]),
  scoped("none-legacy-client", []),
]) as Record<string, RecordedClass>;

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Buffer.from(digest).toString("base64url");
}
