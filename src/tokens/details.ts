import { CalStoreError } from "../errors.js";
import { parseJsonObject } from "../lib/parse-json.js";
import type { TokenRecord } from "./token-store.js";

/** Why a user has to connect to Cal.com again. */
export type ReauthorizationReason = "revoked" | "expired" | "cal_user_gone";

/** That a user has to connect to Cal.com again, as far as is known. Instants are milliseconds since 1970. */
export interface Reauthorization {
  reason: ReauthorizationReason;
  since: number;
  /** How often the refresh token was tried since, and when last: a success clears the mark. */
  tries: number;
  triedAt: number;
}

/** What a record's `details` hold. Fields of a later version are kept when this version writes. */
export interface TokenDetails {
  /** How the tokens were issued. */
  grant: "managed" | "oauth";
  /** Grows with each issued pair, and with nothing else: "refreshed by another process" means a higher number. */
  rotation: number;
  /** The OAuth client that the tokens were issued to. */
  clientId?: string;
  scopes?: string[];
  linkedAt?: number;
  /** The address of the user's own Cal.com account. */
  email?: string;
  reauthorization?: Reauthorization;
  /** A refresh was sent and its outcome is not known: the stored refresh token may no longer work. */
  refreshSentAt?: number;
  /** The pair may be dead although Cal.com issued it: refresh once more at this time. */
  confirmAt?: number;
  /** The managed user that the application user had before. */
  previousCalUserId?: number;
  /** Whether the managed user carries the owner hash of this application user. */
  isOwned?: true;
}

/** Details to change; `undefined` removes one. */
export type DetailsChange = { [Name in keyof TokenDetails]?: TokenDetails[Name] | undefined };

const MANAGED: TokenDetails = { grant: "managed", rotation: 0 };

/** The details of a record. A row from before they existed is a managed user's, never refreshed by calbridge. */
export function detailsOf({ details }: Pick<TokenRecord, "details">): TokenDetails {
  if (details === null) return MANAGED;
  const parsed = parseJsonObject(details);
  if (isDetails(parsed)) return parsed;
  throw new CalStoreError(
    "The token store returned details that calbridge did not write. A store must keep the text of `details` unchanged.",
  );
}

/** The text that a record keeps of details. */
export function toDetailsText(details: TokenDetails): string {
  return JSON.stringify(details);
}

function isDetails(value: Partial<TokenDetails> = {}): value is TokenDetails {
  const { grant, rotation } = value;
  return (grant === "managed" || grant === "oauth") && Number.isSafeInteger(rotation);
}
