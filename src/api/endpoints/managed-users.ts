import * as z from "zod/mini";
import type { ApiResponse, CallOptions, Send } from "../request.js";
import { dataOf, lenient } from "../response.js";
import { tokensShape, toTokens, type CalTokens } from "./tokens.js";

/** A day as Cal.com spells it. */
export type WeekDay = "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday" | "Sunday";

/** Values that Cal.com keeps with a managed user: at most 50 keys of 40 characters, values of 500. */
export type ManagedUserMetadata = Record<string, string | number | boolean>;

/** A user that Cal.com keeps on behalf of an application's OAuth client. */
export interface ManagedUser {
  /** Cal.com's id. */
  id: number;
  /** The address it was created with, `+{clientId}` put before the `@`. */
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

/** What a managed user is created from. */
export interface ManagedUserInput {
  email: string;
  /** Stands in the mails Cal.com sends. */
  name: string;
  /** IANA name. Without it the user gets no default schedule. */
  timeZone?: string | undefined;
  timeFormat?: 12 | 24 | undefined;
  weekStart?: WeekDay | undefined;
  /** One of Cal.com's languages, such as `en` or `pt-BR`. */
  locale?: string | undefined;
  avatarUrl?: string | undefined;
  bio?: string | undefined;
  metadata?: ManagedUserMetadata | undefined;
}

/** What of a managed user is changed. `metadata` is replaced as a whole. */
export interface ManagedUserUpdate extends Partial<ManagedUserInput> {
  defaultScheduleId?: number | undefined;
}

/** A new managed user and its first tokens. */
export interface CreatedManagedUser {
  user: ManagedUser;
  tokens: CalTokens;
}

/** What a user sees of itself: `GET /me`. */
export interface UserProfile {
  /** Cal.com's id. */
  id: number;
  email: string;
  username: string | null;
  name: string | null;
  avatarUrl: string | null;
  bio: string | null;
  timeFormat: number | null;
  defaultScheduleId: number | null;
  weekStart: string | null;
  timeZone: string | null;
  organizationId: number | null;
}

const profileFields = {
  username: "string",
  name: "string",
  bio: "string",
  avatarUrl: "string",
  timeZone: "string",
  weekStart: "string",
  timeFormat: "number",
  defaultScheduleId: "number",
  organizationId: "number",
} as const;

const managedUserFields = {
  ...profileFields,
  createdDate: "string",
  locale: "string",
  metadata: "object",
} as const;

const identity = { id: z.number(), email: z.string() };
// Not lenient: the metadata says whose the user is, and what can't be read must not pass for nobody's.
const metadata = z.optional(z.nullable(z.looseObject({})));
const userSchema = z.looseObject({ ...identity, metadata });
// Tolerated: the tokens are told this once.
const createdSchema = z.looseObject({ user: z.looseObject(identity), ...tokensShape });
const profileSchema = z.looseObject(identity);

function toManagedUser(wire: z.infer<typeof profileSchema>): ManagedUser {
  return { ...lenient(wire, managedUserFields), id: wire.id, email: wire.email };
}

const readManagedUser = (answer: ApiResponse) => toManagedUser(dataOf(userSchema)(answer));

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

/** `POST /oauth-clients/{clientId}/users`. Not repeated once it has reached Cal.com: a 500 can leave the user behind. */
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
    read: (answer) => {
      const { user, ...tokens } = dataOf(createdSchema)(answer);
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
    read: (answer) => dataOf(z.array(userSchema))(answer).map(toManagedUser),
  });
}

/** `GET /oauth-clients/{clientId}/users/{userId}`. */
export function getManagedUser(
  send: Send,
  clientId: string,
  userId: number,
  options: CallOptions = {},
): Promise<ManagedUser> {
  return send({
    ...options,
    method: "GET",
    path: item,
    params: { clientId, userId },
    read: readManagedUser,
  });
}

/** `PATCH /oauth-clients/{clientId}/users/{userId}`. */
export function updateManagedUser(
  send: Send,
  clientId: string,
  userId: number,
  update: ManagedUserUpdate,
  options: CallOptions = {},
): Promise<ManagedUser> {
  return send({
    ...options,
    method: "PATCH",
    path: item,
    params: { clientId, userId },
    body: bodyOf(update),
    read: readManagedUser,
  });
}

/** `DELETE /oauth-clients/{clientId}/users/{userId}`: the user, its tokens and its calendar credentials. */
export function deleteManagedUser(
  send: Send,
  clientId: string,
  userId: number,
  options: CallOptions = {},
): Promise<ManagedUser> {
  return send({
    ...options,
    method: "DELETE",
    path: item,
    params: { clientId, userId },
    read: readManagedUser,
  });
}

/** `GET /me`. */
export function getProfile(send: Send, options: CallOptions = {}): Promise<UserProfile> {
  return send({
    ...options,
    method: "GET",
    path: "/me",
    read: (answer) => {
      const profile = dataOf(profileSchema)(answer);
      return { ...lenient(profile, profileFields), id: profile.id, email: profile.email };
    },
  });
}
