import { slug, usernameOf } from "./emails.js";
import { newUser, type State, type Team, type User } from "./state.js";

/** A person with a Cal.com account of their own. */
export interface EmulatorPerson {
  email: string;
  /** @defaultValue the part of the address before the `@` */
  name?: string | undefined;
  /** @defaultValue `"Europe/London"` */
  timeZone?: string | undefined;
}

export const defaultPeople: readonly EmulatorPerson[] = [
  { email: "ada@cal.example", name: "Ada Lovelace" },
  { email: "grace@cal.example", name: "Grace Hopper" },
];

// Far from managed users' ids, which count from 101.
const FIRST_PERSON_ID = 1_000_001;
const FIRST_TEAM_ID = 2_000_001;

/** @throws Error if the address is taken. */
export function createPerson(state: State, { email, name, timeZone }: EmulatorPerson): User {
  const users = [...state.users.values()];
  if (users.some((user) => user.email === email)) {
    throw new Error(`The emulator already has a user with the address ${email}.`);
  }
  const shortName = slug(email.split("@")[0] ?? email);
  const isTaken = users.some((user) => user.username === shortName);
  const user = newUser({
    id: state.nextId("person", FIRST_PERSON_ID),
    kind: "person",
    clientId: null,
    organizationId: null,
    email,
    username: isTaken ? usernameOf(email) : shortName,
    createdAt: state.clock.now(),
  });
  user.name = name ?? email.split("@")[0] ?? email;
  if (timeZone !== undefined) user.timeZone = timeZone;
  state.users.set(user.id, user);
  return user;
}

export function createTeam(state: State, owner: User, name: string): Team {
  const team: Team = { id: state.nextId("team", FIRST_TEAM_ID), name, ownerId: owner.id };
  state.teams.set(team.id, team);
  return team;
}

export const peopleOf = (state: State): User[] =>
  [...state.users.values()].filter((user) => user.kind === "person");

/** Finds a user by id, by address, or by the part of the address before the `@`. */
export function findUser(state: State, name: string | number): User | undefined {
  if (typeof name === "number") return state.users.get(name);
  const users = [...peopleOf(state), ...[...state.users.values()].filter(({ kind }) => kind === "managed")];
  return users.find(({ email }) => email === name) ?? users.find(({ email }) => email.startsWith(`${name}@`));
}
