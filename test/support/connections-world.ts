import {
  memoryConnectionStore,
  type CalUser,
  type ConnectionChange,
  type ConnectionStore,
} from "../../src/index.js";
import { createAda, createTestClient, type TestClient } from "./client.js";
import type { TestClientOptions } from "./client-options.js";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A client that watches connections, an emulator on the same clock, and what the hook was told. */
export interface ConnectionsWorld extends TestClient {
  connections: ConnectionStore;
  told: ConnectionChange[];
  /** Checks who is due at this time of the emulator's clock, without a pause between users. */
  run: () => ReturnType<TestClient["cal"]["checkConnections"]>;
  /** Lets time pass in steps, and checks who is due at each of them. */
  pass: (ms: number, stepMs?: number) => Promise<void>;
}

export function createConnectionsWorld(options: TestClientOptions = {}): ConnectionsWorld {
  const told: ConnectionChange[] = [];
  const connections =
    options.connectionStore ?? memoryConnectionStore({ now: () => client.emulator.clock.now() });
  const client: TestClient = createTestClient(
    {
      hooks: { onConnectionChange: (change) => void told.push(change) },
      ...options,
      connectionStore: connections,
    },
    { now: () => Date.parse("2027-01-04T10:00:00.000Z") },
  );
  const run = () => client.cal.checkConnections({ maxPerMinute: Number.POSITIVE_INFINITY });
  const pass = async (ms: number, stepMs = 5 * MINUTE) => {
    for (let left = ms; left > 0; left -= stepMs) {
      client.emulator.clock.advance(Math.min(stepMs, left));
      await run();
    }
  };
  return { ...client, connections, told, run, pass };
}

/** Ada, with a Google calendar that was checked once. */
export async function adaWithGoogle(
  world: ConnectionsWorld,
): Promise<{ ada: CalUser; adaId: number; credentialId: number }> {
  const { ada, adaId } = await createAda(world);
  const credentialId = world.emulator.calendars.connect(adaId, "google", "ada@gmail.example");
  // Cal.com keeps the list for 10 seconds.
  world.emulator.clock.advance(15_000);
  await world.cal.checkConnection("ada");
  return { ada, adaId, credentialId };
}

/** What was told, in short. */
export function inShort(told: readonly ConnectionChange[]): string[] {
  return told.map(({ connection, from, to, reason }) =>
    [connection ? connection.calendarType : "cal.com", from, to, ...(reason ? [reason] : [])].join(" "),
  );
}
