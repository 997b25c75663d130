import { CalLinkError, CalStoreError, CalUserInUseError } from "../errors.js";
import { growingPauses, pause } from "../lib/backoff.js";
import type { CheckedStore, CheckedWrite } from "../tokens/checked-store.js";
import { detailsOf } from "../tokens/details.js";
import { withDetails } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import type { UserContext } from "./context.js";
import type { LinkOptions } from "./oauth-types.js";

// About seven seconds: a database that restarts.
const MAX_ATTEMPTS = 20;
const MAX_TAKE_OVER_WAIT_MS = 10_000;

/** Refuses a store that does not keep `details`, before the code is used up and the existing record is replaced. */
export async function assertKeepsDetails(store: CheckedStore, existing: TokenRecord | null): Promise<void> {
  // Details that are there prove it. Without a record it is seen when the link is written.
  if (existing?.details !== null) return;
  const written = await store.set(withDetails(existing, {}), { ifVersion: existing.version });
  if (written?.details === null) throw dropsDetails();
}

/** A link to be written. */
interface LinkWrite {
  userId: string;
  /** What is written over the user's record. `null`: the record is this account's and newer, and stays. */
  writeOver: (current: TokenRecord | null) => CheckedWrite | null;
}

/**
 * Writes a link over whatever record the user has. Runs under the user's lease. The code is used up, so a store that
 * fails is asked again, for some seconds.
 */
export async function storeLink(
  context: UserContext,
  link: LinkWrite,
  options: LinkOptions,
): Promise<TokenRecord> {
  const pauses = growingPauses();
  let failure: CalStoreError | undefined;
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
    try {
      const record = await writeLink(context, link, options);
      if (record) return record;
    } catch (error) {
      // What a driver throws is the cause. Without one, the store was found unfit.
      if (!(error instanceof CalStoreError) || error.cause === undefined) throw error;
      failure = error;
    }
    if (attempts < MAX_ATTEMPTS - 1) await pause(pauses.next().value);
  }
  throw failure ?? new CalStoreError("The user's record changed during every attempt to link. Start again.");
}

/** One attempt. `null`: the record was changed meanwhile. */
async function writeLink(
  context: UserContext,
  { userId, writeOver }: LinkWrite,
  options: LinkOptions,
): Promise<TokenRecord | null> {
  const { store } = context;
  const current = await store.get(userId);
  const write = writeOver(current);
  if (!write) return current;
  const written = await setOrTakeOver(context, write, current, options);
  if (!written) return null;
  // What the store keeps, not what it returned.
  const kept = await store.get(userId);
  if (kept?.details === write.details) return kept;
  // Changed by another process, and not by the store.
  if (kept && kept.version !== written.version) return null;
  if (!current) await store.delete(userId);
  throw dropsDetails();
}

async function setOrTakeOver(
  context: UserContext,
  write: CheckedWrite,
  current: TokenRecord | null,
  { takeOver = false, onTakeOver }: LinkOptions,
): Promise<TokenRecord | null> {
  const { store } = context;
  const set = (): Promise<TokenRecord | null> => store.set(write, { ifVersion: current?.version ?? null });
  try {
    return await set();
  } catch (error) {
    if (!(error instanceof CalUserInUseError)) throw error;
    if (!takeOver) {
      throw new CalLinkError(
        "Another of the application's users has linked this Cal.com account. If that is the same person: link with { takeOver: true }.",
        "cal_account_in_use",
      );
    }
  }
  await unlinkHolder(context, write, onTakeOver);
  return set();
}

/** Ends the link of the application user who has this Cal.com account. */
async function unlinkHolder(
  { store, tokens, connections }: UserContext,
  { userId, calUserId }: CheckedWrite,
  onTakeOver: LinkOptions["onTakeOver"],
): Promise<void> {
  const holder = await store.findUser(calUserId);
  if (holder === null) {
    throw new CalStoreError("This token store can't tell who has linked the account: it has no findUser().");
  }
  const unlink = async (): Promise<void> => {
    const record = await store.get(holder);
    if (record?.calUserId !== calUserId) return;
    const { grant, email = null } = detailsOf(record);
    if (grant === "managed") {
      throw new CalLinkError(
        "This Cal.com user is the managed user of another of the application's users, and can't be taken over.",
        "cal_account_in_use",
      );
    }
    await store.delete(holder);
    tokens.forget(holder);
    // Before a step that may fail: the next attempt would find no holder.
    onTakeOver?.({ userId: holder, calUserId, email });
    await connections?.forget(holder);
  };
  // Two users who take each other's account at the same time hold what the other one waits for: one of them gives up.
  return tokens.withLease(holder, unlink, userId < holder ? undefined : MAX_TAKE_OVER_WAIT_MS);
}

function dropsDetails(): CalStoreError {
  return new CalStoreError(
    "The token store does not keep `details`, which OAuth 2 needs. Nothing was linked. Add the column: npx calbridge schema.",
  );
}
