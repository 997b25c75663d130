import { Redis } from "ioredis";
import { serveTokenStore } from "../../src/testing/contract/token-store-processes.js";
import { redisTokenStore } from "../../examples/redis/redis-token-store.js";

// A process of the several that share a Redis, whose URL is its argument.
serveTokenStore(redisTokenStore(new Redis(process.argv[2] ?? "")));
