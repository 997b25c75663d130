import { cacheCalendars } from "./calendars.js";
import { isEmail, isEmailWithinLimits, slug, suffixedEmail, usernameOf } from "./emails.js";
import { alreadyExists, bare, exception, plain } from "./errors.js";
import { newUser, type Client, type State, type User } from "./state.js";
import { issueTokens, revokeTokens, type TokenPair } from "./tokens.js";

function findByEmail(state: State, ...emails: string[]): User | undefined {
  return [...state.users.values()].find((user) => emails.includes(user.email));
}

const isUsernameTaken = (state: State, username: string): boolean =>
  [...state.users.values()].some((user) => user.username === username);

/** Creates a managed user and its first tokens. */
export async function createUser(
  state: State,
  client: Client,
  input: Record<string, unknown>,
): Promise<{ user: User } & TokenPair> {
  const given = input["email"] as string;
  const email = suffixedEmail(client.id, given);
  if (hasNul(given)) throw bare(500);
  const existing = findByEmail(state, email, given);
  if (existing) {
    throw exception(409, `User with the provided e-mail already exists. Existing user ID=${existing.id}`);
  }
  if (!isEmail(email)) {
    throw plain(400, "TRPCError", `Invite failed because ${email} is not a valid email address`);
  }
  await state.pause();
  const username = usernameOf(email);
  if (findByEmail(state, email) || isUsernameTaken(state, username)) throw alreadyExists();

  const user = newUser({
    id: state.nextId("user", 101),
    kind: "managed",
    clientId: client.id,
    organizationId: client.organizationId,
    email,
    username,
    createdAt: state.clock.now(),
  });
  state.users.set(user.id, user);
  // Creating is not atomic: the profile is a second write, and its failure leaves the user behind.
  if (hasNul(input)) throw bare(500);
  // Without a time zone, there is no default schedule.
  if (typeof input["timeZone"] === "string") user.defaultScheduleId = state.nextId("schedule");
  applyProfile(user, input);
  // Cal.com reads the new user's calendars, and caches that there are none.
  cacheCalendars(state, user.id, { connectedCalendars: [], destinationCalendar: {} });
  return { user, ...(await issueTokens(state, client, user)) };
}

/** Changes the given fields. Metadata is replaced as a whole. */
export function updateUser(state: State, user: User, input: Record<string, unknown>): void {
  if (hasNul(input)) throw bare(500);
  const { email } = input;
  if (typeof email === "string") {
    const suffixed = user.clientId === null ? email : suffixedEmail(user.clientId, email);
    const other = findByEmail(state, suffixed);
    // The user name is written first, and keeps its new value if the address is taken.
    user.username = slug(suffixed);
    if (other && other !== user) throw alreadyExists();
    user.email = suffixed;
  }
  applyProfile(user, input);
}

/** Postgres rejects a NUL in text. */
const hasNul = (value: unknown): boolean => JSON.stringify(value).includes("\\u0000");

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

/** Deletes a user with all data, except OAuth 2 tokens, which Cal.com doesn't store by user. */
export function deleteUser(state: State, user: User): void {
  state.users.delete(user.id);
  revokeTokens(state, user.id);
  for (const credential of state.credentials.values()) {
    if (credential.userId === user.id) state.credentials.delete(credential.id);
  }
  for (const team of state.teams.values()) if (team.ownerId === user.id) state.teams.delete(team.id);
  state.delegations = state.delegations.filter(({ userId }) => userId !== user.id);
  state.selected = state.selected.filter((row) => row.userId !== user.id);
  state.destinations.delete(user.id);
  for (const { id, ownerId } of state.eventTypes.values())
    if (ownerId === user.id) state.eventTypes.delete(id);
  state.bookings = state.bookings.filter(({ userId }) => userId !== user.id);
  state.calendarCache.delete(user.id);
}

/** A managed user in the responses of `/oauth-clients/{clientId}/users`. */
export function userOutput(user: User): Record<string, unknown> {
  const { id, email, username, name, bio, timeZone, weekStart } = user;
  const { timeFormat, defaultScheduleId, locale, avatarUrl } = user;
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

/** A user in the response of `PATCH /me`. */
export function profileOutput(user: User): Record<string, unknown> {
  const { id, email, name, avatarUrl, bio, timeFormat, defaultScheduleId, weekStart, timeZone, username } =
    user;
  const { organizationId } = user;
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
    organizationId,
  };
}

/** A user in the response of `GET /me`. */
export function meOutput(user: User): Record<string, unknown> {
  const { organizationId } = user;
  return {
    ...profileOutput(user),
    ...(organizationId !== null && { organization: { isPlatform: true, id: organizationId } }),
  };
}

/** The managed users of a client that have one of the addresses, with or without the suffix. */
export function filterByEmails(users: User[], client: Client, emails: string[]): User[] {
  for (const email of emails) {
    if (!isEmailWithinLimits(email)) throw exception(400, `Invalid email ${email}`);
  }
  const wanted = new Set(emails.flatMap((email) => [email, suffixedEmail(client.id, email)]));
  return users.filter((user) => wanted.has(user.email));
}
