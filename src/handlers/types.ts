import type { Connection } from "./account.js";
import type { ReturnReason } from "./http/http-error.js";
import type { ResolvedHandlersOptions, HandlerName } from "./options.js";
import type { Attempts, KnownCredentials } from "./oauth/attempts.js";

/** How a return ended. */
export interface CallbackOutcome {
  result:
    { connected: true; accounts: Connection[] } | { connected: false; reason: ReturnReason; message: string };
  cookies: string[];
}

/** What the steps share. */
export interface HandlerContext {
  options: ResolvedHandlersOptions;
  attempts: Attempts<CallbackOutcome>;
  known: KnownCredentials;
}

/** A step of the flow. */
export interface Route {
  name: HandlerName;
  methods: readonly ("GET" | "POST")[];
  /** Whether a request that another site caused is refused. Not the way back from a consent page: that is one. */
  refusesCrossSite: boolean;
  run(request: Request, context: HandlerContext): Promise<Response>;
}
