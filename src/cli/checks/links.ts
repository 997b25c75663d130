import { scopesFromEnv } from "../../options-from-env.js";
import { clientIdIn } from "../../api/token-claims.js";
import { isCalError } from "../../errors.js";
import { detailsOf } from "../../tokens/details.js";
import { encryptedTokenStore } from "../../tokens/encryption/encrypted-token-store.js";
import type { TokenRecord, TokenStore } from "../../tokens/token-store.js";
import type { CommandIo } from "../command.js";
import { note, ok, wrong, type Finding } from "./finding.js";
import { checkLinkedScopes } from "./oauth-scopes.js";

const SAMPLE = 500;
const MAX_NAMED = 5;
// One user may take a permission back; many at once are a sign of something else.
const MANY = 5;

/** Checks the stored links of users' own Cal.com accounts: whose client they are of, and who has to link again. */
export async function checkLinks(
  io: CommandIo,
  rows: Required<TokenStore>,
  keys: Record<string, string> | "none",
): Promise<Finding[]> {
  const links = await readLinks(rows, keys);
  if (links.length === 0) return [];
  const clientId = io.env["CAL_OAUTH_CLIENT_ID"]?.trim() || undefined;
  if (clientId === undefined) {
    const text = `${usersOf(links)} linked Cal.com accounts of their own, and CAL_OAUTH_CLIENT_ID is not set.`;
    return [wrong(text, "Without it their tokens can't be refreshed.")];
  }
  const foreign = links.filter((link) => clientOf(link) !== clientId);
  const marked = links.filter((link) => detailsOf(link).reauthorization !== undefined);
  const scopes = scopesFromEnv(io.env);
  const lacking = checkLinkedScopes(links, scopes);
  return [
    ...(foreign.length === 0 ? [] : [foreignClient(foreign)]),
    ...(marked.length === 0 ? [] : [linkAgain(marked)]),
    ...(lacking.links.length === 0 ? [] : [linkForScopes(lacking.links, lacking.missing)]),
    ...(foreign.length + marked.length === 0
      ? [ok(`The links of ${usersOf(links)} are of this client.`)]
      : []),
  ];
}

async function readLinks(
  rows: Required<TokenStore>,
  keys: Record<string, string> | "none",
): Promise<TokenRecord[]> {
  const store = keys === "none" ? rows : encryptedTokenStore(rows, { keys });
  const links: TokenRecord[] = [];
  for (const userId of await rows.list({ limit: SAMPLE })) {
    const link = await readLink(() => store.get(userId));
    if (link) links.push(link);
  }
  return links;
}

/** The record, if it is a link that can be read. What can't be decrypted is reported by the check of the keys. */
async function readLink(get: () => Promise<TokenRecord | null>): Promise<TokenRecord | null> {
  try {
    const record = await get();
    return record && detailsOf(record).grant === "oauth" ? record : null;
  } catch (error) {
    if (isCalError(error)) return null;
    throw error;
  }
}

function clientOf(link: TokenRecord): string | undefined {
  return clientIdIn(link.calRefreshToken ?? "") ?? detailsOf(link).clientId;
}

function foreignClient(links: TokenRecord[]): Finding {
  return wrong(
    `${usersOf(links)} linked with another OAuth client than CAL_OAUTH_CLIENT_ID: ${namesOf(links)}.`,
    "Is this the database of another stage? Use one OAuth client and one database for each. calbridge sends nothing for these users. If the client was replaced, they have to link again.",
  );
}

function linkAgain(links: TokenRecord[]): Finding {
  const reasons = new Map<string, number>();
  for (const link of links) {
    const reason = detailsOf(link).reauthorization?.reason ?? "";
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const counts = [...reasons].map(([reason, count]) => `${reason} ${count}`).join(", ");
  const must = links.length === 1 ? "has" : "have";
  const twoStages =
    (reasons.get("revoked") ?? 0) < MANY
      ? ""
      : " Many are revoked: does another stage or program use the same OAuth client? Each refresh there ends the tokens here.";
  return note(
    `${usersOf(links)} ${must} to link the Cal.com account again (${counts}): ${namesOf(links)}.`,
    `revoked: Cal.com refuses the refresh token. expired: it was not used for 30 days. cal_user_gone: the account was deleted. See docs/many-servers.md.${twoStages}`,
  );
}

function linkForScopes(links: TokenRecord[], missing: string[]): Finding {
  return note(
    `${usersOf(links)} linked with fewer scopes than are asked for now (${missing.join(", ")}): ${namesOf(links)}.`,
    "What needs them fails with missing_scope until these users link again.",
  );
}

function usersOf(links: readonly TokenRecord[]): string {
  return links.length === 1 ? "1 user" : `${links.length} users`;
}

function namesOf(links: readonly TokenRecord[]): string {
  const names = links.slice(0, MAX_NAMED).map(({ userId }) => JSON.stringify(userId));
  return names.join(", ") + (links.length > names.length ? ", ..." : "");
}
