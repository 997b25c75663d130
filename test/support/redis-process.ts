import { Redis } from "ioredis";
import { serveTokenStore } from "../../src/testing/contract/token-store-processes.js";
import { redisTokenStore } from "../../examples/redis/redis-token-store.js";

// One of several processes that share a Redis. Its argument is the URL.
serveTokenStore(redisTokenStore(new Redis(process.argv[2] ?? "")));
