import { afterAll, beforeAll, describe, test } from "vitest";
import { createCalEmulator } from "../../src/testing/index.js";
import { walk } from "../handlers/http.js";
import { freePort } from "../support/free-port.js";
import { createNextProject, type NextProject } from "./project.js";

// What an application has in its files. The handlers are made twice, for one catch-all and for a file a route.
const library = `
import { CalClient, memoryTokenStore } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";

function make() {
  const client = CalClient.fromEnv({ tokenStore: memoryTokenStore() });
  const options = {
    client,
    authenticate: async (request: Request) => {
      const userId = /session=(\\w+)/.exec(request.headers.get("cookie") ?? "")?.[1];
      return userId ? { userId, email: userId + "@users.example", name: userId } : null;
    },
  };
  return {
    handlers: createCalHandlers.fromEnv(options),
    each: createCalHandlers.fromEnv({ ...options, basePath: "/each/cal" }),
  };
}

// Next.js may load a module more than once.
const kept = globalThis as { calendar?: ReturnType<typeof make> };
export const { handlers, each } = (kept.calendar ??= make());
`;

const files: Record<string, string> = {
  "next.config.mjs": "export default { turbopack: { root: import.meta.dirname } };\n",
  "lib/calendar.ts": library,
  "app/layout.tsx":
    "export default function Layout({ children }: { children: React.ReactNode }) { return <html><body>{children}</body></html>; }\n",
  "app/page.tsx": "export default function Page() { return <p>Home</p>; }\n",
  "app/api/cal/[...path]/route.ts":
    'import { handlers } from "../../../../lib/calendar";\nexport const GET = handlers.handle;\nexport const POST = handlers.handle;\n',
};
const routes = [
  ["calendars/oauth-connect-url", "GET", "oauthConnectUrl"],
  ["gcal-oauth-redirect", "GET", "googleOauthRedirect"],
  ["office-oauth-redirect", "GET", "officeOauthRedirect"],
  ["calendars/status", "GET", "status"],
  ["calendars/sync-credentials", "POST", "syncCredentials"],
  ["calendars/disconnect", "POST", "disconnect"],
] as const;
for (const [path, method, name] of routes) {
  const up = "../".repeat(path.split("/").length + 3);
  files[`app/each/cal/${path}/route.ts`] =
    `import { each } from "${up}lib/calendar";\nexport const ${method} = each.${name};\n`;
}

// It installs and builds an application: a minute.
describe("Next.js, App Router, built and started", () => {
  const emulator = createCalEmulator();
  let project: NextProject;
  let origin: string;
  let calCom: { url: string; close(): Promise<void> };

  beforeAll(async () => {
    calCom = await emulator.listen();
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    const env = {
      CAL_CLIENT_ID: emulator.clientId,
      CAL_CLIENT_SECRET: emulator.clientSecret,
      CAL_API_URL: calCom.url,
      CAL_STATE_SECRET: "a-secret-of-the-tests-that-is-long-enough",
      NEXT_PUBLIC_APP_URL: origin,
      NEXT_PUBLIC_CALENDAR_SUCCESS_URL: "/connected",
      NEXT_PUBLIC_CALENDAR_ERROR_URL: "/failed",
    };
    project = await createNextProject(files);
    await project.build(env);
    await project.start(port, env);
  }, 400_000);

  afterAll(async () => {
    await project.remove();
    await calCom.close();
  });

  test.each([
    ["one catch-all", "/api/cal", "google"],
    ["one catch-all", "/api/cal", "office365"],
    ["a file a route", "/each/cal", "google"],
    ["a file a route", "/each/cal", "office365"],
  ] as const)("%s at %s: the whole flow with %s, both ways back", async (_how, basePath, provider) => {
    await walk({
      origin,
      basePath,
      provider,
      authorize: (authUrl, { account, stopBeforeCallback }) =>
        stopBeforeCallback
          ? emulator.provider.authorize(authUrl, { account, stopBeforeCallback: true })
          : emulator.provider.authorize(authUrl, { account }),
    });
  });
});
