import { createServer, type AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { CalClient, memoryTokenStore } from "../../../src/index.js";
import { runCommand } from "../../support/command-line.js";

const taken = createServer();
afterEach(() => void taken.close());

test("serves a Cal.com that an application can be pointed to, until it is stopped", async () => {
  const lines: string[] = [];
  const { code } = await runCommand(["emulator", "--port", "0"], {
    out: (line) => void lines.push(line),
    async untilStopped() {
      const {
        url = "",
        id = "",
        secret = "",
      } = /CAL_API_URL=(?<url>\S+) CAL_CLIENT_ID=(?<id>\S+) CAL_CLIENT_SECRET=(?<secret>\S+)/.exec(
        lines.join(),
      )?.groups ?? {};
      const env = { CAL_API_URL: url, CAL_CLIENT_ID: id, CAL_CLIENT_SECRET: secret.replace(/,.*/, "") };
      const cal = CalClient.fromEnv({ env, tokenStore: memoryTokenStore() });
      const ada = await cal.ensureUser("ada", { email: "ada@example.com", name: "Ada" });
      expect(await ada.calendars.check("google")).toMatchObject({ reason: "not_connected" });
    },
  });
  expect(code).toBe(0);
  expect(lines.join(" ")).toContain("After a restart of the emulator, empty the token table");
});

test("has a client of OAuth 2, too: what it prints is all that an application needs", async () => {
  const redirectUri = "http://localhost:4321/api/cal/oauth/callback";
  const lines: string[] = [];
  const { code } = await runCommand(["emulator", "--port", "0", "--oauth-redirect-uri", redirectUri], {
    out: (line) => void lines.push(line),
    async untilStopped() {
      const printed = lines
        .find((line) => line.includes("CAL_OAUTH_CLIENT_ID"))!
        .trim()
        .split(" ");
      const env = Object.fromEntries(printed.map((pair) => pair.split("=") as [string, string]));
      const cal = CalClient.fromEnv({ env, tokenStore: memoryTokenStore() });
      const { url } = await cal.oauth.authorizationUrl({ state: "s", redirectUri });
      const page = await fetch(url);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain("Ada Lovelace");
      const wrong = await cal.oauth.authorizationUrl({ state: "s", redirectUri: `${redirectUri}/x` });
      expect(await (await fetch(wrong.url)).text()).toContain("redirect_uri");
    },
  });
  expect(code).toBe(0);
  expect((await runCommand(["emulator", "--port", "0", "--oauth-redirect-uri", "/x"])).code).toBe(2);
});

test("does not print a secret that was given", async () => {
  const { out } = await runCommand(["emulator", "--port", "0", "--client-secret", "s3cret-of-mine"]);
  expect(out).not.toContain("s3cret-of-mine");
});

test("says what to do when the port is taken, or is no port", async () => {
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  const result = await runCommand(["emulator", "--port", String(port)]);
  const advice = `Port ${port} is already in use. Check whether an emulator is running. For another port, use --port ${port + 1} and change CAL_API_URL.`;
  expect(result).toMatchObject({ code: 2, err: expect.stringContaining(advice) });
  expect((await runCommand(["emulator", "--port", "http"])).code).toBe(2);
});
