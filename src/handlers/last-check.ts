import { isCalError } from "../errors.js";
import type { ConnectionCheck } from "../index.js";
import type { Connection } from "./account.js";
import type { HandlerContext } from "./types.js";

/**
 * Adds what the connection store remembers, for a client that has one: since when a connection doesn't work, and its
 * last known address.
 */
export async function withLastCheck(
  { options: { client, logger } }: HandlerContext,
  userId: string,
  connections: readonly Connection[],
): Promise<Connection[]> {
  const isBroken = connections.some(({ connected }) => !connected);
  if (!isBroken || !client.hasConnectionStore || !client.lastConnectionCheck) return [...connections];
  let check: ConnectionCheck | null = null;
  try {
    check = await client.lastConnectionCheck(userId);
  } catch (error) {
    // Cal.com's own list is enough for a response.
    if (!isCalError(error)) throw error;
    logger?.warn?.("calbridge: the connection store could not be read", { error: error.code });
  }
  return connections.map((connection) => {
    const known = check?.connections.find(
      ({ credentialId, integration }) =>
        credentialId === connection.credentialId && integration === connection.integration,
    );
    if (connection.connected || !known || known.status === "connected") return connection;
    return { ...connection, email: connection.email ?? known.email, since: known.since.toISOString() };
  });
}
