import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "./free-port.js";

/** Whether redis-server is installed. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

/**
 * Starts an empty Redis on a free port. `stop` removes its data.
 *
 * @param options.cluster - Whether it is a cluster, of one node.
 */
export async function startRedis({ cluster = false } = {}): Promise<{ url: string; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "calbridge-redis-"));
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory];
  if (cluster) {
    const clusterPort = String(await freePort());
    options.push(
      "--cluster-enabled",
      "yes",
      "--cluster-port",
      clusterPort,
      "--cluster-announce-ip",
      "127.0.0.1",
    );
  }
  const server = spawn("redis-server", options, { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    server.stdout.on("data", (text: Buffer) => {
      if (text.includes("Ready to accept connections")) resolve();
    });
    void ended.then(() => reject(new Error("redis-server did not start")));
  });
  if (cluster) {
    const redis = new Redis(port);
    await redis.cluster("ADDSLOTSRANGE", 0, 16_383);
    while (!(await redis.cluster("INFO")).includes("cluster_state:ok")) await pause(20);
    redis.disconnect();
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      server.kill("SIGKILL");
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
