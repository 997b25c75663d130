import type { CalClient } from "../../client.js";
import { refreshOAuthTokens, type OAuthClient } from "../../api/endpoints/oauth-tokens.js";
import { getProfile } from "../../api/endpoints/profile.js";
import { CalApiError, isCalError } from "../../errors.js";
import { detailsOf } from "../../tokens/details.js";
import type { TokenStore } from "../../tokens/token-store.js";
import type { CalUser } from "../../users/cal-user.js";
import type { LinkedCalAccount } from "../../users/cal-account.js";
import type { CommandIo } from "../command.js";
import { oneTryTransport } from "../oauth-client.js";
import { note, ok, wrong, type Finding } from "../checks/finding.js";

/** What the steps work with: one linked user, and the store that has the tokens. */
export interface Linked {
  io: CommandIo;
  cal: CalClient;
  user: CalUser;
  store: TokenStore;
  client: OAuthClient;
  baseUrl: string;
  /** The scopes that were asked for. */
  scopes: readonly string[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Which of the two kinds of server this is, as far as a step shows it. */
export type ServerKind = "strict" | "lenient";

/** What a step found, and what it says of the server. */
export interface StepResult {
  findings: Finding[];
  kind?: ServerKind;
}

/** The account, and how long the tokens live. */
export async function checkAccount({ user, io, scopes }: Linked): Promise<StepResult> {
  const account = (await user.calAccount()) as LinkedCalAccount;
  const { expiresAt: accessEndsAt } = await user.accessToken();
  const named = account.email === null ? "" : ` (${account.email})`;
  const findings = [ok(`The code was exchanged: Cal.com user ${account.calUserId}${named}.`)];
  findings.push(
    lifeOf("access token", accessEndsAt, 30 * MINUTE_MS, io),
    lifeOf("refresh token", account.expiresAt, 30 * DAY_MS, io),
  );
  if (account.scopes === null) {
    findings.push(ok("The server does not say which scopes the tokens have, as a lenient one."));
    return { findings, kind: "lenient" };
  }
  const missing = scopes.filter((scope) => !account.scopes?.includes(scope));
  findings.push(
    missing.length === 0
      ? ok(`The tokens have the scopes ${account.scopes.join(", ") || "(none)"}.`)
      : wrong(
          `The tokens lack ${missing.join(", ")}. They have ${account.scopes.join(", ") || "none"}.`,
          "Register these scopes for the client at Cal.com. Adding scopes can send the client to review again.",
        ),
  );
  return { findings, kind: "strict" };
}

function lifeOf(name: string, endsAt: Date | null, expectedMs: number, { now }: CommandIo): Finding {
  if (!endsAt) return note(`The ${name} does not say when it expires.`, "calbridge expects that it does.");
  const lifeMs = endsAt.getTime() - now();
  const text = `The ${name} lives for ${showLife(lifeMs)}.`;
  // The exchange took some time, and clocks are a little wrong.
  if (Math.abs(lifeMs - expectedMs) <= Math.max(2 * MINUTE_MS, expectedMs / 100)) return ok(text);
  return note(text, `calbridge expects ${showLife(expectedMs)}.`);
}

function showLife(ms: number): string {
  return ms < DAY_MS ? `${Math.round(ms / MINUTE_MS)} minutes` : `${Math.round(ms / DAY_MS)} days`;
}

/** The calls that calbridge needs. The connect URL is asked for, and neither shown nor opened: it holds a token. */
export async function checkCalls({ user }: Linked): Promise<StepResult> {
  const { calendars } = user;
  const calls: [string, () => Promise<unknown>][] = [
    ["the profile (PROFILE_READ)", () => user.profile()],
    ["the list of calendars (APPS_READ)", () => calendars.list()],
    ["the check of a calendar (APPS_READ)", () => calendars.check("google")],
    [
      "the connect URL (APPS_WRITE)",
      () => calendars.connectUrl("google", { returnUrl: "https://calbridge.invalid/" }),
    ],
  ];
  const findings: Finding[] = [];
  for (const [name, call] of calls) {
    const failure = await failureOf(call());
    findings.push(failure ? wrong(`Does not work: ${name}.`, failure.message) : ok(`Works: ${name}.`));
  }
  return { findings };
}

/** Endpoints that strict servers offer to no OAuth 2 client. */
export async function checkUnavailable({ user }: Linked): Promise<StepResult> {
  const failure = await failureOf(user.calendars.connections());
  if (!failure)
    return { findings: [ok("Offered: the list of connections, events, free and busy.")], kind: "lenient" };
  if (isCalError(failure) && failure.code === "unavailable_for_grant") {
    return {
      findings: [ok("Not offered, as at a strict server: connections, events, free and busy.")],
      kind: "strict",
    };
  }
  return { findings: [note("The list of connections fails in an unknown way.", failure.message)] };
}

/** Refreshes once, and looks at what became of the old pair. The refreshed pair must work in the end. */
export async function checkRefresh(linked: Linked): Promise<StepResult> {
  const before = await expire(linked);
  const failure = await failureOf(linked.user.profile());
  const after = await linked.store.get(linked.user.id);
  // Not the tokens: lenient servers return the same ones within a second.
  if (failure || !after || detailsOf(after).rotation <= before.rotation) {
    const help = failure?.message ?? "No refresh was needed, though the token looked expired.";
    return { findings: [wrong("The tokens can't be refreshed.", help)] };
  }
  const used = await useAgain(linked, before.refreshToken);
  const findings = [
    ok("The tokens were refreshed, and a call works with the new ones."),
    await oldAccessToken(linked, before.accessToken),
    used.finding,
  ];
  // On a strict server the used token was refused: that must not have ended the new pair.
  await expire(linked);
  const last = await failureOf(linked.user.profile());
  findings.push(
    last
      ? wrong("The new refresh token does not work.", last.message)
      : ok("The new refresh token works after the used one was sent again."),
  );
  return { findings, ...(used.kind && { kind: used.kind }) };
}

/** A pair of tokens, and how many pairs there were before. */
interface Pair {
  accessToken: string;
  refreshToken: string;
  rotation: number;
}

/** Lets the stored access token look expired, so that the next call refreshes. Returns the pair. */
async function expire({ store, user }: Linked): Promise<Pair> {
  const record = await store.get(user.id);
  if (!record?.calRefreshToken) throw new TypeError("The user has no refresh token.");
  await store.set({ ...record, calAccessTokenExpiresAt: new Date(0) }, { ifVersion: record.version });
  const { rotation } = detailsOf(record);
  return { accessToken: record.calAccessToken, refreshToken: record.calRefreshToken, rotation };
}

async function oldAccessToken({ io, baseUrl }: Linked, accessToken: string): Promise<Finding> {
  const transport = oneTryTransport(io, baseUrl);
  const failure = await failureOf(
    getProfile((call) => transport.send(call, { kind: "bearer", accessToken })),
  );
  return failure
    ? note("The refresh has ended the old access token.", "calbridge expects that it works until it expires.")
    : ok("The old access token still works.");
}

async function useAgain(
  { client, io, baseUrl }: Linked,
  refreshToken: string,
): Promise<{ finding: Finding; kind?: ServerKind }> {
  const transport = oneTryTransport(io, baseUrl);
  const send = <T>(call: Parameters<typeof transport.send<T>>[0]): Promise<T> =>
    transport.send(call, { kind: "none", clientId: client.clientId });
  const failure = await failureOf(refreshOAuthTokens(send, client, refreshToken, { now: io.now }));
  if (!failure)
    return { finding: ok("A used refresh token works again, as at a lenient server."), kind: "lenient" };
  if (failure instanceof CalApiError && failure.apiMessage?.startsWith("refresh_token_revoked")) {
    return {
      finding: ok("A used refresh token is refused (refresh_token_revoked), as at a strict server."),
      kind: "strict",
    };
  }
  return {
    finding: note(
      `A used refresh token is refused in another way than calbridge knows: ${failure.message}`,
      "calbridge expects 400 invalid_grant, refresh_token_revoked.",
    ),
  };
}

async function failureOf(work: Promise<unknown>): Promise<Error | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (isCalError(error)) return error;
    throw error;
  }
}
