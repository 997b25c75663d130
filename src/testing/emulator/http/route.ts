import encodeUrl from "encodeurl";
import type { State } from "../model/state.js";
import type { Caller } from "./auth.js";
import { textOf, type Query } from "./query.js";

/** A request as a handler receives it. */
export interface Call {
  state: State;
  headers: Headers;
  /** The origin of the request. Consent pages and callbacks are below it. */
  origin: string;
  param: (name: string) => string;
  query: Query;
  body: unknown;
  caller: Caller;
  /** Records the user in the log of requests. */
  actsFor(userId: number): void;
  /** Records the client in the log of requests. */
  actsForClient(clientId: string): void;
}

/** A response. `body` becomes JSON unless it is a string. */
export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/**
 * Who may call a route: `public`, without authentication; `organization`, a member of the organization of the client in the path; `user`, a
 * client or any bearer token; `bearer`, a bearer token or API key, but not a client's secret.
 */
type Access = "public" | "organization" | "user" | "bearer";

export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  access: Access;
  /** The permission that a platform client needs. */
  permission?: string;
  /** The scope that an OAuth 2 token needs on a strict server. Without one, it is rejected. */
  scope?: string;
  handle(call: Call): Reply | Promise<Reply>;
}

export const success = (data: unknown, status = 200): Reply => ({
  status,
  body: { status: "success", data },
});

export const done = (status = 200): Reply => ({ status, body: { status: "success" } });

/** Express' redirect. Cal.com sends 301 for success and failure alike. */
export function movedTo(target: unknown): Reply {
  // The target comes from `state`, which the caller writes: it can be an array or an object.
  const location = target === undefined || target === null ? "" : encodeUrl(textOf(target));
  return {
    status: 301,
    body: `Moved Permanently. Redirecting to ${location}`,
    headers: { Location: location, Vary: "Accept", "Content-Type": "text/plain; charset=utf-8" },
  };
}
