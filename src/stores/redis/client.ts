import { CalValidationError } from "../../errors.js";

/** ioredis: a `Redis` or a `Cluster`. */
export interface IoredisClient {
  /** Runs a script. The first `numberOfKeys` arguments are keys. */
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): PromiseLike<unknown>;
  /** By this method ioredis is recognized. */
  defineCommand(...definition: never[]): unknown;
}

/** node-redis, the package `redis`: what `createClient()` returns. */
export interface NodeRedisClient {
  /** Runs a script. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): PromiseLike<unknown>;
  /** By this method node-redis is recognized. */
  EVAL(...command: never[]): unknown;
}

/** A client of Redis, recognized by its shape. */
export type RedisClient = IoredisClient | NodeRedisClient;

/** Runs a script with every client. Redis runs no other command meanwhile. */
export type RunScript = (script: string, keys: string[], values: string[]) => PromiseLike<unknown>;

/**
 * Recognizes the client.
 *
 * @throws {@link CalValidationError} for what is not one.
 */
export function scriptRunner(client: RedisClient): RunScript {
  // JavaScript may pass anything: a URL, a module's whole namespace, or nothing at all.
  const given = Object(client) as { eval?: unknown; defineCommand?: unknown; EVAL?: unknown };
  if (typeof given.eval === "function" && typeof given.defineCommand === "function") {
    const ioredis = client as IoredisClient;
    return (script, keys, values) => ioredis.eval(script, keys.length, ...keys, ...values);
  }
  if (typeof given.eval === "function" && typeof given.EVAL === "function") {
    const nodeRedis = client as NodeRedisClient;
    return (script, keys, values) => nodeRedis.eval(script, { keys, arguments: values });
  }
  throw new CalValidationError(
    "client must be a Redis or Cluster of ioredis, or a client of node-redis (the package redis).",
  );
}
