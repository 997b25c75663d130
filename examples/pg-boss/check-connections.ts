import { isCalError, type CalClient, type ConnectionStore } from "calbridge";
import type PgBoss from "pg-boss";

const DUE = "calbridge-due";
const CHECK = "calbridge-check";
// Longer than a job waits in the queue: until then no other machine queues the user.
const CLAIM_MS = 30 * 60_000;

export interface CheckJobs {
  boss: PgBoss;
  cal: CalClient;
  /** The same one as the client's. */
  connectionStore: ConnectionStore;
  /** Users that this process checks at once. */
  concurrency?: number;
}

/**
 * Checks users' connections on any number of machines, by pg-boss over the application's own Postgres: one job for each
 * user. Call it in every process that is to work, after `boss.start()`.
 */
export async function startChecks({ boss, cal, connectionStore, concurrency = 5 }: CheckJobs): Promise<void> {
  await boss.createQueue(DUE);
  await boss.createQueue(CHECK, { name: CHECK, retryLimit: 3, retryDelay: 60, retryBackoff: true });
  await boss.work(DUE, () => queueDueUsers(boss, connectionStore));
  await boss.work<{ userId: string }>(CHECK, { batchSize: concurrency }, async (jobs) => {
    await Promise.all(jobs.map(({ data }) => checkUser(cal, data.userId)));
  });
  // pg-boss runs it once every five minutes, on one of the machines.
  await boss.schedule(DUE, "*/5 * * * *");
}

/**
 * Ends the work of this process, for SIGTERM: first the jobs, then the refreshes of tokens that are in flight. End the
 * pool after it.
 */
export async function stopChecks({ boss, cal }: Pick<CheckJobs, "boss" | "cal">): Promise<void> {
  await boss.stop();
  await cal.close();
}

/** Adds a job for each user who is due. The claim keeps others from adding a second one. */
export async function queueDueUsers(boss: PgBoss, connectionStore: ConnectionStore): Promise<number> {
  for (let queued = 0; ;) {
    const due = await connectionStore.claimDue({ limit: 100, leaseMs: CLAIM_MS });
    if (due.length === 0) return queued;
    await boss.insert(
      due.map(({ userId }) => ({
        name: CHECK,
        data: { userId },
        retryLimit: 3,
        retryDelay: 60,
        retryBackoff: true,
      })),
    );
    queued += due.length;
  }
}

/** The check writes what it has seen, and so ends the claim. Safe to repeat: a change keeps its id. */
async function checkUser(cal: CalClient, userId: string): Promise<void> {
  try {
    await cal.checkConnection(userId);
  } catch (error) {
    // The user has left the application meanwhile.
    if (isCalError(error) && error.code === "user_not_found") return;
    throw error;
  }
}
