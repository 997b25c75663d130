// A Worker whose requests share one client, as they do when it is made at module level.
import { waitUntil } from "cloudflare:workers";
import { CalClient, memoryTokenStore } from "calbridge";

let outcomes = [];
let cal;

function makeClient({ clientId, clientSecret, emulatorUrl, withWaitUntil }) {
  return new CalClient({
    managedUsers: { clientId, clientSecret },
    baseUrl: emulatorUrl,
    tokenStore: memoryTokenStore(),
    hooks: { onTokenRefresh: ({ outcome }) => outcomes.push(outcome) },
    ...(withWaitUntil && { waitUntil }),
  });
}

async function answer(request, env) {
  const { pathname, searchParams } = new URL(request.url);
  cal ??= makeClient(env);
  switch (pathname) {
    case "/ensure":
      return (await cal.ensureUser("ada", { email: "ada@example.com", name: "Ada" })).id;
    case "/profile":
      return (await cal.forUser("ada").profile({ timeoutMs: Number(searchParams.get("timeoutMs") ?? 5000) }))
        .name;
    case "/outcomes": {
      const told = outcomes.join();
      outcomes = [];
      return told;
    }
    default:
      throw new Error(`no such page: ${pathname}`);
  }
}

export default {
  async fetch(request, env) {
    try {
      return new Response(await answer(request, env));
    } catch (error) {
      return new Response(error.code ?? String(error), { status: 500 });
    }
  },
};
