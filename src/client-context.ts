import { callHook } from "./api/hooks.js";
import type { Send } from "./api/request.js";
import { Transport } from "./api/transport.js";
import type { Connections } from "./connections/connections.js";
import { connectionReports, connectionsLoader } from "./connections/load.js";
import { grantsOf } from "./grants/grants.js";
import type { ResolvedOptions } from "./resolve-options.js";
import { CheckedStore } from "./tokens/checked-store.js";
import { detailsOf } from "./tokens/details.js";
import { TokenCache } from "./tokens/token-cache.js";
import { reportTokenRefresh } from "./tokens/token-events.js";
import { TokenManager } from "./tokens/token-manager.js";
import type { UserContext } from "./users/context.js";
import { loadForManagedUsers, loadForOAuth } from "./users/parts.js";

/** The parts of a client, connected to each other. */
interface ClientParts {
  context: UserContext;
  /** Makes a request to OAuth 2's token endpoint. */
  sendToken: Send;
  /** Loads what checks connections. `undefined` for a client without a connection store. */
  loadConnections: (() => Promise<Connections>) | undefined;
}

/** Creates the parts of a client. */
export function createContext(resolved: ResolvedOptions): ClientParts {
  const { hooks, logger, telemetry, managedUsers, oauth, now } = resolved;
  const transport = new Transport({
    ...resolved,
    platformClient: managedUsers,
    onRequest: hooks.onRequest,
    onResponse: hooks.onResponse,
  });
  const sendAsClient: Send = (call) => transport.send(call, { kind: "client" });
  const sendToken: Send = (call) =>
    transport.send(call, { kind: "none", ...(oauth && { clientId: oauth.clientId }) });
  const store = new CheckedStore(resolved.tokenStore, resolved.serverId, telemetry);
  const warn = (message: string, fields: object): void => logger?.warn?.(message, fields);
  const reportRefresh = reportTokenRefresh(hooks.onTokenRefresh, () =>
    logger?.error?.("calbridge: the hook onTokenRefresh threw", { hook: "onTokenRefresh" }),
  );
  const tokens = new TokenManager({
    store,
    grantOf: grantsOf({
      managed:
        managedUsers &&
        (async () => {
          const { managedUserGrant, ownedGrant } = await loadForManagedUsers();
          const { clientId } = managedUsers;
          return ownedGrant(managedUserGrant(sendAsClient, clientId), sendAsClient, clientId);
        }),
      oauth: oauth && (async () => (await loadForOAuth()).oauthGrant(sendToken, oauth, now)),
    }),
    loadSingleUse: async () => (await loadForOAuth()).SingleUseRefresh,
    cache: new TokenCache(resolved.cache.maxUsers),
    refreshWindowMs: resolved.refreshWindowMs,
    refreshAheadMs: resolved.refreshAheadMs,
    isRateLimitLow: (record) => {
      const client = detailsOf(record).grant === "oauth" ? oauth : managedUsers;
      return client !== undefined && transport.rateLimits.waitMs(client.clientId) > 0;
    },
    now,
    waitUntil: resolved.waitUntil,
    telemetry,
    report: (info, record) => {
      telemetry?.count({ name: "token_refresh", outcome: info.outcome, error: info.error });
      return reportRefresh(info, record);
    },
    onReauthorizationRequired: (info) => {
      telemetry?.count({ name: "reauthorization_required", reason: info.reason });
      callHook("onReauthorizationRequired", hooks.onReauthorizationRequired, info, logger);
    },
    warn,
  });
  const context: UserContext = {
    options: { ...resolved, warn },
    transport,
    sendAsClient,
    store,
    tokens,
  };
  const loadConnections = connectionsLoader(context, resolved);
  context.connections = loadConnections && connectionReports(loadConnections, context.options);
  return { context, sendToken, loadConnections };
}

/** Starts no refresh from now on, and waits for all that calls still write. `creating` settles with users being created. */
export async function closeContext(
  { tokens, connections }: UserContext,
  creating: Promise<void>,
): Promise<void> {
  await Promise.all([tokens.close(), creating]);
  // What began during that wait: the write of a user who was being created.
  await tokens.close();
  await connections?.settled();
}
