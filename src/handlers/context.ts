import type { CalClient } from "../index.js";
import { createAttempts } from "./oauth/attempts.js";
import { createKnownConnections } from "./oauth/known-connections.js";
import { createLinkAttempts } from "./oauth/link-attempts.js";
import { createPendingRollBacks } from "./oauth/pending-roll-back.js";
import { createSharedRecords } from "./oauth/shared-records.js";
import type { ResolvedHandlersOptions } from "./resolve-options.js";
import type { HandlerContext } from "./types.js";

/** What the routes of one set of handlers share. */
export function createContext(options: ResolvedHandlersOptions): HandlerContext {
  // Not in the published types. A client of an older copy of the package has none.
  const { attempts: store } = options.client as Partial<Pick<CalClient, "attempts">>;
  const records = store ? createSharedRecords(store, options) : null;
  return {
    options,
    records,
    attempts: createAttempts(records, options.now),
    links: createLinkAttempts(records),
    known: createKnownConnections(records, options.now),
    pendingRollBacks: records && createPendingRollBacks(records, options.client.clientId),
    retrying: new Set(),
  };
}
