import type { Connection } from "./account.js";
import type { HandlerName } from "./events.js";
import type { ReturnReason } from "./http/http-error.js";
import type { Attempts, KnownCredentials } from "./oauth/attempts.js";
import type { ResolvedHandlersOptions } from "./resolve-options.js";

/** How a callback ended. */
export interface CallbackOutcome {
  result:
    { connected: true; accounts: Connection[] } | { connected: false; reason: ReturnReason; message: string };
  cookies: string[];
}

/** What the routes share. */
export interface HandlerContext {
  options: ResolvedHandlersOptions;
  attempts: Attempts<CallbackOutcome>;
  known: KnownCredentials;
}

/** A route of the handlers. */
export interface Route {
  name: HandlerName;
  methods: readonly ("GET" | "POST")[];
  /** Whether a request that another site caused is rejected. Not the callback from a consent page, which is one. */
  refusesCrossSite: boolean;
  run(request: Request, context: HandlerContext): Promise<Response>;
}
