// A Worker whose requests share one client, as when the client is created at module level.
import { waitUntil } from "cloudflare:workers";
import { CalClient, memoryTokenStore } from "calbridge";

let outcomes = [];
let cal;

function createClient({ managedUsers, emulatorUrl, withWaitUntil }) {
  return new CalClient({
    managedUsers,
    baseUrl: emulatorUrl,
    tokenStore: memoryTokenStore(),
    hooks: { onTokenRefresh: ({ outcome }) => outcomes.push(outcome) },
    ...(withWaitUntil && { waitUntil }),
  });
}

async function handle(request, env) {
  const { pathname, searchParams } = new URL(request.url);
  cal ??= createClient(env);
  switch (pathname) {
    case "/ensure":
      return (await cal.ensureUser("ada", { email: "ada@example.com", name: "Ada" })).id;
    case "/profile":
      return (
        await cal.forUser("ada").profile({ timeoutMs: Number(searchParams.get("timeoutMs") ?? 30_000) })
      ).name;
    case "/outcomes": {
      const text = outcomes.join();
      outcomes = [];
      return text;
    }
    default:
      throw new Error(`unknown path: ${pathname}`);
  }
}

export default {
  async fetch(request, env) {
    try {
      return new Response(await handle(request, env));
    } catch (error) {
      return new Response(error.code ?? String(error), { status: 500 });
    }
  },
};
