import { createPerson, createTeam, peopleOf, type EmulatorPerson } from "../model/people.js";
import type { State, User } from "../model/state.js";
import { deleteUser } from "../model/users.js";
import { adviceOnIds, assertFields, assertUserId } from "../model/assert.js";

/** A person with a Cal.com account of their own. A copy. */
export interface EmulatedPerson {
  id: number;
  email: string;
  username: string;
  name: string | null;
  timeZone: string;
  createdAt: Date;
}

/** Reads and changes people with Cal.com accounts of their own, who sign in on Cal.com's authorize page. */
export interface EmulatedPeople {
  /** Creates a person with their own Cal.com account. */
  create(person: EmulatorPerson): EmulatedPerson;
  /** All people, oldest first. */
  list(): EmulatedPerson[];
  /** A person by Cal.com's id. */
  get(id: number): EmulatedPerson | undefined;
  /** Deletes the account and its connected calendars. OAuth 2 tokens stay valid, but no call works with them. */
  delete(id: number): void;
  /** Creates a team that the person owns. The person can authorize a client for it. Returns the team's id. */
  createTeam(ownerId: number, team: { name: string }): number;
}

export function createPeopleControls(state: State): EmulatedPeople {
  function requirePerson(id: number): User {
    assertUserId(id);
    const user = state.users.get(id);
    if (user?.kind === "person") return user;
    throw new Error(`The emulator has no person with the id ${id}. ${adviceOnIds}`);
  }

  const copy = ({ id, email, username, name, timeZone, createdAt }: User): EmulatedPerson => ({
    id,
    email,
    username,
    name,
    timeZone,
    createdAt: new Date(createdAt),
  });

  return {
    create(person) {
      assertFields("people.create", person, ["email", "name", "timeZone"]);
      return copy(createPerson(state, person));
    },
    list: () => peopleOf(state).map(copy),
    get(id) {
      assertUserId(id);
      const user = state.users.get(id);
      return user?.kind === "person" ? copy(user) : undefined;
    },
    delete: (id) => deleteUser(state, requirePerson(id)),
    createTeam(ownerId, team) {
      assertFields("people.createTeam", team, ["name"]);
      return createTeam(state, requirePerson(ownerId), team.name).id;
    },
  };
}
