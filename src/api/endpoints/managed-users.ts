import type { Optional } from "../../lib/optional.js";
import * as z from "zod/mini";
import type { ApiResponse, CallOptions, Send } from "../request.js";
import { dataOf, lenient } from "../response.js";
import { identity, profileFields, profileSchema } from "./profile.js";
import { tokensShape, toTokens, type CalTokens } from "./tokens.js";

/** A day of the week, as Cal.com spells it. */
export type WeekDay = "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday" | "Sunday";

/** Values that Cal.com stores with a managed user: at most 50 keys of 40 characters, values of 500 characters. */
export type ManagedUserMetadata = Record<string, string | number | boolean>;

/** A Cal.com user that belongs to the application's OAuth client. */
export interface ManagedUser {
  /** Cal.com's id of the user. */
  id: number;
  /** The address the user was created with, with `+{clientId}` before the `@`. */
  email: string;
  username: string | null;
  name: string | null;
  bio: string | null;
  /** IANA name, such as `Europe/Berlin`. */
  timeZone: string | null;
  weekStart: string | null;
  /** ISO 8601. */
  createdDate: string | null;
  /** 12 or 24. */
  timeFormat: number | null;
  /** `null` for a user created without a time zone. */
  defaultScheduleId: number | null;
  locale: string | null;
  avatarUrl: string | null;
  metadata: Record<string, unknown> | null;
}

/** The fields of a new managed user. */
export interface ManagedUserInput {
  email: string;
  /** Shown in the mails that Cal.com sends. */
  name: string;
  /** IANA name. Without it, Cal.com creates no default schedule. */
  timeZone?: string | undefined;
  timeFormat?: 12 | 24 | undefined;
  weekStart?: WeekDay | undefined;
  /** One of Cal.com's languages, such as `en` or `pt-BR`. */
  locale?: string | undefined;
  avatarUrl?: string | undefined;
  bio?: string | undefined;
  metadata?: ManagedUserMetadata | undefined;
}

/** The fields of a managed user to change. `metadata` is replaced as a whole. */
export interface ManagedUserUpdate extends Optional<ManagedUserInput> {
  defaultScheduleId?: number | undefined;
}

/** A new managed user and its first tokens. */
export interface CreatedManagedUser {
  user: ManagedUser;
  tokens: CalTokens;
}

const managedUserFields = {
  ...profileFields,
  createdDate: "string",
  locale: "string",
  metadata: "object",
} as const;

// Strict: the metadata names the owner. Metadata that can't be read must not look like a user without an owner.
const metadata = z.optional(z.nullable(z.looseObject({})));
const userSchema = z.looseObject({ ...identity, metadata });
// Any metadata is accepted here: this response is the only one with the tokens, so it must not be rejected.
const createdSchema = z.looseObject({ user: z.looseObject(identity), ...tokensShape });

function toManagedUser(wire: z.infer<typeof profileSchema>): ManagedUser {
  return lenient(wire, managedUserFields);
}

const readManagedUser = (response: ApiResponse) => toManagedUser(dataOf(userSchema)(response));

const updateFields = {
  email: true,
  name: true,
  timeZone: true,
  timeFormat: true,
  weekStart: true,
  locale: true,
  avatarUrl: true,
  bio: true,
  metadata: true,
  defaultScheduleId: true,
} satisfies Record<keyof ManagedUserUpdate, true>;

/** The documented fields only: applications pass whole rows of their user table, with password hashes in them. */
function bodyOf(input: ManagedUserUpdate): ManagedUserUpdate {
  return Object.fromEntries(Object.entries(input).filter(([name]) => Object.hasOwn(updateFields, name)));
}

const collection = "/oauth-clients/{clientId}/users";
const item = "/oauth-clients/{clientId}/users/{userId}";

/** `POST /oauth-clients/{clientId}/users`. Not retried once it has reached Cal.com: the user may exist even after a 500. */
export function createManagedUser(
  send: Send,
  clientId: string,
  input: ManagedUserInput,
  options: CallOptions = {},
): Promise<CreatedManagedUser> {
  return send({
    ...options,
    method: "POST",
    path: collection,
    params: { clientId },
    body: bodyOf(input),
    read: (response) => {
      const { user, ...tokens } = dataOf(createdSchema)(response);
      return { user: toManagedUser(user), tokens: toTokens(tokens) };
    },
  });
}

/** `GET /oauth-clients/{clientId}/users`: one page. */
export function listManagedUsers(
  send: Send,
  clientId: string,
  page: { limit?: number; offset?: number; emails?: readonly string[] | undefined },
  options: CallOptions = {},
): Promise<ManagedUser[]> {
  const { limit, offset, emails } = page;
  return send({
    ...options,
    method: "GET",
    path: collection,
    params: { clientId },
    query: { limit, offset, emails: emails?.join(",") },
    read: (response) => dataOf(z.array(userSchema))(response).map(toManagedUser),
  });
}

/** `GET /oauth-clients/{clientId}/users/{userId}`. */
export function getManagedUser(
  send: Send,
  clientId: string,
  calUserId: number,
  options: CallOptions = {},
): Promise<ManagedUser> {
  return send({
    ...options,
    method: "GET",
    path: item,
    params: { clientId, userId: calUserId },
    read: readManagedUser,
  });
}

/** `PATCH /oauth-clients/{clientId}/users/{userId}`. */
export function updateManagedUser(
  send: Send,
  clientId: string,
  calUserId: number,
  update: ManagedUserUpdate,
  options: CallOptions = {},
): Promise<ManagedUser> {
  return send({
    ...options,
    method: "PATCH",
    path: item,
    params: { clientId, userId: calUserId },
    body: bodyOf(update),
    read: readManagedUser,
  });
}

/** `DELETE /oauth-clients/{clientId}/users/{userId}`: deletes the user, its tokens and its calendar credentials. */
export function deleteManagedUser(
  send: Send,
  clientId: string,
  calUserId: number,
  options: CallOptions = {},
): Promise<ManagedUser> {
  return send({
    ...options,
    method: "DELETE",
    path: item,
    params: { clientId, userId: calUserId },
    read: readManagedUser,
  });
}
