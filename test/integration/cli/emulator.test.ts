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

test("does not print a secret that was given", async () => {
  const given = ["--client-secret", "s3cret-of-mine", "--oauth-client-secret", "s3cret-of-mine-too"];
  const { out } = await runCommand(["emulator", "--port", "0", ...given]);
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

test("serves a Cal.com whose people link their own accounts", async () => {
  const lines: string[] = [];
  const { code } = await runCommand(["emulator", "--port", "0"], {
    out: (line) => void lines.push(line),
    async untilStopped() {
      const text = lines.join("\n");
      const [variables = ""] = /CAL_API_URL=\S+ CAL_AUTHORIZE_URL=.+/.exec(text) ?? [];
      const env = Object.fromEntries(variables.split(" ").map((pair) => pair.split("=") as [string, string]));
      const cal = CalClient.fromEnv({ env, tokenStore: memoryTokenStore() });
      const { url } = await cal.oauth.authorizationUrl({ state: "st" });
      // As a browser does: signing in, then Allow.
      const page = await (await fetch(url)).text();
      const [, person = ""] = /name="person" value="(\d+)"/.exec(page) ?? [];
      const form = new URLSearchParams({ person, decision: "allow" });
      const response = await fetch(url, { method: "POST", body: form, redirect: "manual" });
      const redirect = new URL(response.headers.get("location") ?? "");
      expect(redirect.href).toMatch(/^http:\/\/localhost:3000\/api\/cal\/oauth\/callback\?/);
      const ada = await cal.oauth.link("ada", { code: redirect.searchParams.get("code")! });
      const { email } = await ada.profile();
      expect(text).toContain(`They sign in as ${email} or `);
    },
  });
  expect(code).toBe(0);
});

test.each([
  [["--oauth-mode", "modern"], "--oauth-mode is strict or lenient."],
  [["--oauth-redirect-uris", "http://app.example/"], "can't be a redirect URI"],
  [["--oauth-mode", "lenient", "--oauth-redirect-uris", "https://a.example/,https://b.example/"], "1 to 1"],
])("refuses %j in one sentence", async (args, expected) => {
  const { code, err } = await runCommand(["emulator", "--port", "0", ...args]);
  expect([code, err]).toEqual([2, expect.stringContaining(expected)]);
});
