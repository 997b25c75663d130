import type { Caller } from "./auth.js";
import { textOf, type Query } from "./query.js";
import type { State } from "../model/state.js";

/** A request, as a handler sees it. */
export interface Call {
  state: State;
  headers: Headers;
  /** Where the emulator was reached: consent pages and callbacks are made to point there. */
  origin: string;
  param: (name: string) => string;
  query: Query;
  body: unknown;
  caller: Caller;
  /** Puts the user into the log of requests. */
  actsFor(userId: number): void;
}

/** An answer: `body` becomes JSON unless it is a string. */
export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/**
 * Who may come: `anyone`; `owner`, the organization by its client or API key; `user`, that or a bearer
 * token; `bearer`, a bearer token or API key and never the client's secret.
 */
type Access = "anyone" | "owner" | "user" | "bearer";

export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  access: Access;
  permission?: string;
  handle(call: Call): Reply | Promise<Reply>;
}

export const success = (data: unknown, status = 200): Reply => ({
  status,
  body: { status: "success", data },
});

export const done = (status = 200): Reply => ({ status, body: { status: "success" } });

/** Express' redirect: always 301 here, whatever became of the request. */
export function movedTo(target: unknown): Reply {
  // Arrays and objects come from `state`, which anyone can write.
  const location = target === undefined || target === null ? "" : encodeUrl(textOf(target));
  return {
    status: 301,
    body: `Moved Permanently. Redirecting to ${location}`,
    headers: { Location: location, Vary: "Accept", "Content-Type": "text/plain; charset=utf-8" },
  };
}

/** Escapes what may not stand in a URL, and leaves alone what is escaped already. */
function encodeUrl(url: string): string {
  return url
    .toWellFormed()
    .replace(
      /(?:[^\x21\x23-\x3B\x3D\x3F-\x5F\x61-\x7A\x7C\x7E]|%(?:[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|$))+/g,
      encodeURI,
    );
}
