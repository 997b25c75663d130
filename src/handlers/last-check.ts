import { isCalError } from "../errors.js";
import type { ConnectionCheck } from "../index.js";
import type { Connection } from "./account.js";
import type { HandlerContext } from "./types.js";

/**
 * Adds what the connection store remembers, for a client that has one: since when a connection doesn't work, its last
 * known address, that Cal.com has marked it as invalid, which its list doesn't say, and that calendars can be restored.
 */
export async function withLastCheck(
  context: HandlerContext,
  userId: string,
  connections: readonly Connection[],
): Promise<Connection[]> {
  const check = connections.length > 0 ? await lastCheck(context, userId) : null;
  return connections.map((connection) => {
    const known = check?.connections.find(
      ({ credentialId, integration }) =>
        credentialId === connection.credentialId && integration === connection.integration,
    );
    if (!known) return connection;
    if (known.status === "connected") {
      return connection.connected && known.isRestorable ? { ...connection, restorable: true } : connection;
    }
    const { reason, message, since } = known;
    if (connection.connected && reason !== "invalid_credentials") return connection;
    return {
      ...connection,
      ...(connection.connected && { connected: false, reason: "invalid_credentials", message }),
      email: connection.email ?? known.email,
      since: since.toISOString(),
    };
  });
}

/** The last known address of a connection; `null` if it is not known, or the client has no connection store. */
export async function lastAddressOf(
  context: HandlerContext,
  userId: string,
  credentialId: number,
): Promise<string | null> {
  const check = await lastCheck(context, userId);
  return check?.connections.find((one) => one.credentialId === credentialId)?.email ?? null;
}

async function lastCheck(
  { options: { client, logger } }: HandlerContext,
  userId: string,
): Promise<ConnectionCheck | null> {
  if (!client.hasConnectionStore || !client.lastConnectionCheck) return null;
  try {
    return await client.lastConnectionCheck(userId);
  } catch (error) {
    // Cal.com's own list is enough for a response.
    if (!isCalError(error)) throw error;
    logger?.warn?.("calbridge: the connection store could not be read", { error: error.code });
    return null;
  }
}
