import { databaseError, exception } from "../model/errors.js";
import { textOf } from "../http/query.js";
import { success, type Call, type Reply, type Route } from "../http/route.js";
import type { Client, User } from "../model/state.js";
import { forceRefreshTokens, refreshTokens } from "../model/tokens.js";
import { createFields, updateFields } from "./user-fields.js";
import {
  createUser,
  deleteUser,
  filterByEmails,
  meOutput,
  profileOutput,
  updateUser,
  userOutput,
} from "../model/users.js";
import { isString, validate, type Field, type Rule } from "../http/validate.js";

const USERS = "/v2/oauth-clients/:clientId/users";

export const userRoutes: Route[] = [
  { method: "GET", path: USERS, access: "organization", handle: list },
  { method: "POST", path: USERS, access: "organization", handle: create },
  {
    method: "GET",
    path: `${USERS}/:userId`,
    access: "organization",
    handle: (call) => success(userOutput(managedUser(call))),
  },
  { method: "PATCH", path: `${USERS}/:userId`, access: "organization", handle: update },
  { method: "DELETE", path: `${USERS}/:userId`, access: "organization", handle: remove },
  { method: "POST", path: `${USERS}/:userId/force-refresh`, access: "organization", handle: forceRefresh },
  // Any bearer token is accepted: the refresh token is what is checked.
  { method: "POST", path: "/v2/oauth/:clientId/refresh", access: "user", handle: refresh },
  {
    method: "GET",
    path: "/v2/me",
    access: "user",
    permission: "PROFILE_READ",
    scope: "PROFILE_READ",
    handle: ({ caller }) => success(meOutput(caller.user)),
  },
  {
    method: "PATCH",
    path: "/v2/me",
    access: "user",
    permission: "PROFILE_WRITE",
    scope: "PROFILE_WRITE",
    handle: updateMe,
  },
];

const MAX_ID = 2 ** 31 - 1;

function clientOf(call: Call): Client {
  const id = call.param("clientId");
  const client = call.state.clients.get(id);
  if (!client) throw exception(404, `OAuth client with ID ${id} not found`);
  return client;
}

function managedUser(call: Call): User {
  const client = clientOf(call);
  const given = call.param("userId");
  if (!/^-?\d+$/.test(given)) throw exception(400, "Validation failed (numeric string is expected)");
  if (Math.abs(Number(given)) > MAX_ID) throw databaseError();
  const user = call.state.users.get(Number(given));
  if (user?.clientId !== client.id) {
    throw exception(404, `User with ID ${given} is not part of this OAuth client.`);
  }
  call.actsFor(user.id);
  return user;
}

const bound = (name: "min" | "max", property: string, limit: number): Rule => ({
  name,
  message: `${property} must not be ${name === "min" ? "less" : "greater"} than ${limit}`,
  ok: (value) => typeof value === "number" && (name === "min" ? value >= limit : value <= limit),
});

const page = (property: string, min: number): Field => ({
  property,
  optional: true,
  transform: Number,
  rules: [
    bound("max", property, 250),
    bound("min", property, min),
    {
      name: "isNumber",
      message: `${property} must be a number conforming to the specified constraints`,
      ok: (value) => Number.isFinite(value),
    },
  ],
});

function list(call: Call): Reply {
  const client = clientOf(call);
  const { limit = 50, offset = 0 } = validate(call.query, [page("limit", 1), page("offset", 0)]);
  let users = [...call.state.users.values()].filter((user) => user.clientId === client.id);
  const { emails } = call.query;
  if (emails !== undefined) users = filterByEmails(users, client, textOf(emails).split(","));
  const from = Number(offset);
  return success(users.slice(from, from + Number(limit)).map(userOutput));
}

async function create(call: Call): Promise<Reply> {
  const client = clientOf(call);
  const { user, ...tokens } = await createUser(call.state, client, validate(call.body, createFields));
  call.actsFor(user.id);
  return success({ user: userOutput(user), ...tokens }, 201);
}

function update(call: Call): Reply {
  const user = managedUser(call);
  updateUser(call.state, user, validate(call.body, updateFields));
  return success(userOutput(user));
}

function remove(call: Call): Reply {
  const user = managedUser(call);
  deleteUser(call.state, user);
  return success(userOutput(user));
}

async function forceRefresh(call: Call): Promise<Reply> {
  const user = managedUser(call);
  return success(await forceRefreshTokens(call.state, clientOf(call), user));
}

async function refresh(call: Call): Promise<Reply> {
  const { refreshToken } = validate(call.body, [
    { property: "refreshToken", rules: [isString("refreshToken")] },
  ]);
  const client = call.state.clients.get(call.param("clientId"));
  if (!client) throw exception(400, "Invalid OAuthClient credentials.");
  const owner = call.state.refreshTokens.get(refreshToken as string)?.userId;
  if (owner !== undefined) call.actsFor(owner);
  return success(await refreshTokens(call.state, client, refreshToken as string));
}

function updateMe(call: Call): Reply {
  updateUser(call.state, call.caller.user, validate(call.body, updateFields));
  return success(profileOutput(call.caller.user));
}
