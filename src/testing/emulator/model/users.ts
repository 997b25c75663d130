import { alreadyExists, bare, exception, plain } from "./errors.js";
import type { Client, State, User } from "./state.js";
import { issueTokens, revokeTokens, type TokenPair } from "./tokens.js";

/** `alice@example.com` is kept as `alice+CLIENT@example.com`: two clients can have the same person. */
function suffixedEmail(clientId: string, email: string): string {
  const [local = "", domain] = email.split("@");
  return `${local}+${clientId}@${domain ?? "undefined"}`;
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");

const isEmail = (text: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text);

function findByEmail(state: State, ...emails: string[]): User | undefined {
  return [...state.users.values()].find((user) => emails.includes(user.email));
}

const isUsernameTaken = (state: State, username: string): boolean =>
  [...state.users.values()].some((user) => user.username === username);

/** Makes a managed user and its first tokens. */
export async function createUser(
  state: State,
  client: Client,
  input: Record<string, unknown>,
): Promise<{ user: User } & TokenPair> {
  const given = input["email"] as string;
  const email = suffixedEmail(client.id, given);
  const existing = findByEmail(state, email, given);
  if (existing) {
    throw exception(409, `User with the provided e-mail already exists. Existing user ID=${existing.id}`);
  }
  if (!isEmail(email)) {
    throw plain(400, "TRPCError", `Invite failed because ${email} is not a valid email address`);
  }
  await state.pause();
  // Postgres takes no NUL in a text.
  if (JSON.stringify(input).includes("\\u0000")) throw bare(500);
  const [local = "", domain = ""] = email.split("@");
  const username = slug(`${local}-${domain.split(".")[0] ?? ""}`);
  if (findByEmail(state, email) || isUsernameTaken(state, username)) throw alreadyExists();

  const user: User = {
    id: state.nextId("user", 101),
    clientId: client.id,
    organizationId: client.organizationId,
    email,
    username,
    name: null,
    bio: null,
    timeZone: "Europe/London",
    weekStart: "Sunday",
    createdAt: state.clock.now(),
    timeFormat: 12,
    // Only who names a time zone gets a schedule.
    defaultScheduleId: typeof input["timeZone"] === "string" ? state.nextId("schedule") : null,
    locale: null,
    avatarUrl: null,
    metadata: null,
  };
  state.users.set(user.id, user);
  applyProfile(user, input);
  return { user, ...(await issueTokens(state, client, user)) };
}

/** Changes what is given. Metadata is replaced whole. */
export function updateUser(state: State, user: User, input: Record<string, unknown>): void {
  const { email } = input;
  if (typeof email === "string") {
    const suffixed = user.clientId === null ? email : suffixedEmail(user.clientId, email);
    const other = findByEmail(state, suffixed);
    // The user name is written first, and stays written when the address turns out to be taken.
    user.username = slug(suffixed);
    if (other && other !== user) throw alreadyExists();
    user.email = suffixed;
  }
  applyProfile(user, input);
}

const nullable = [
  "name",
  "bio",
  "timeFormat",
  "defaultScheduleId",
  "locale",
  "avatarUrl",
  "metadata",
] as const;

function applyProfile(user: User, input: Record<string, unknown>): void {
  for (const key of nullable) if (input[key] !== undefined) Object.assign(user, { [key]: input[key] });
  for (const key of ["timeZone", "weekStart"] as const) {
    if (typeof input[key] === "string") user[key] = input[key];
  }
}

/** Takes a user away, with everything that is the user's. */
export function deleteUser(state: State, user: User): void {
  state.users.delete(user.id);
  revokeTokens(state, user.id);
  for (const credential of state.credentials.values()) {
    if (credential.userId === user.id) state.credentials.delete(credential.id);
  }
  state.selected = state.selected.filter((row) => row.userId !== user.id);
  state.destinations.delete(user.id);
  state.calendarCache.delete(user.id);
}

/** A managed user as `/oauth-clients/{clientId}/users` shows it. */
export function userOutput(user: User): Record<string, unknown> {
  const {
    id,
    email,
    username,
    name,
    bio,
    timeZone,
    weekStart,
    timeFormat,
    defaultScheduleId,
    locale,
    avatarUrl,
  } = user;
  return {
    id,
    email,
    username,
    name,
    bio,
    timeZone,
    weekStart,
    createdDate: new Date(user.createdAt).toISOString(),
    timeFormat,
    defaultScheduleId,
    locale,
    avatarUrl,
    ...(user.metadata && { metadata: user.metadata }),
  };
}

/** A user as `/me` shows it. */
export function meOutput(user: User): Record<string, unknown> {
  const { id, email, name, avatarUrl, bio, timeFormat, defaultScheduleId, weekStart, timeZone, username } =
    user;
  return {
    id,
    email,
    name,
    avatarUrl,
    bio,
    timeFormat,
    defaultScheduleId,
    weekStart,
    timeZone,
    username,
    organizationId: user.organizationId,
    organization: { isPlatform: true, id: user.organizationId },
  };
}

/** The managed users of a client that have one of the addresses, with or without the suffix. */
export function filterByEmails(users: User[], client: Client, emails: string[]): User[] {
  for (const email of emails) {
    if (!isEmail(email) || email.includes("\0")) throw exception(400, `Invalid email ${email}`);
  }
  const wanted = new Set(emails.flatMap((email) => [email, suffixedEmail(client.id, email)]));
  return users.filter((user) => wanted.has(user.email));
}
