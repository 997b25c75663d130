import type { Connection } from "./account.js";
import type { HandlerName } from "./events.js";
import type { ReturnReason } from "./http/http-error.js";
import type { ResolvedHandlersOptions } from "./resolve-options.js";
import type { Attempts } from "./oauth/attempts.js";
import type { KnownConnections } from "./oauth/known-connections.js";
import type { LinkAttempts } from "./oauth/link-attempts.js";
import type { PendingRollBacks } from "./oauth/pending-roll-back.js";
import type { SharedRecords } from "./oauth/shared-records.js";

/**
 * What became of a connection that a rejected callback may have added: `pending`, it is removed as soon as Cal.com
 * responds; `unavailable`, it can't be removed by the handlers. Absent: there is none (any more).
 */
export type RollBackState = "pending" | "unavailable";

/** How an attempt ended. */
export type AttemptResult =
  | {
      connected: true;
      /** All of the provider's connections. */
      connections: Connection[];
      /** Those of them that this attempt has added, or that work again because of it. */
      added: Connection[];
      /** The credentials that this attempt has removed. */
      removedIds: number[];
    }
  | {
      connected: false;
      reason: ReturnReason;
      message: string;
      removedIds: number[];
      rollBack?: RollBackState | undefined;
    };

/** What the routes share. */
export interface HandlerContext {
  options: ResolvedHandlersOptions;
  /** What all servers share; `null` if the token store can't keep it. */
  records: SharedRecords | null;
  attempts: Attempts;
  links: LinkAttempts;
  known: KnownConnections;
  pendingRollBacks: PendingRollBacks | null;
  /** Users whose roll-back is tried again in the background. */
  retrying: Set<string>;
}

/** A route. */
export interface Route {
  name: HandlerName;
  methods: readonly ("GET" | "POST")[];
  /** Whether a request that another site caused is rejected. Not the callback: another site sends the browser there. */
  refusesCrossSite: boolean;
  run(request: Request, context: HandlerContext): Promise<Response>;
}
