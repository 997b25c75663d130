import { describe, expect, test } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";

const hostile = `"><script>alert(1)</script>'&`;

function setUp() {
  const emulator = createCalEmulator({
    accounts: { google: [`${hostile}@gmail.example`, "alice@gmail.example"] },
  });
  const { origin } = new URL(emulator.url);
  const url = (query: Record<string, string>): string =>
    `${origin}/provider/google/o/oauth2/v2/auth?${new URLSearchParams({
      response_type: "code",
      redirect_uri: "https://app.example/callback?keep=1",
      ...query,
    })}`;
  const press = async (query: Record<string, string>, form: Record<string, string>): Promise<URL> => {
    const response = await emulator.fetch(url(query), {
      method: "POST",
      body: new URLSearchParams(form),
      redirect: "manual",
    });
    expect(response.status).toBe(302);
    return new URL(response.headers.get("location")!);
  };
  return { emulator, origin, url, press };
}

describe("a provider's consent page", () => {
  test("a form without scripts, with accounts to choose from, Allow and Deny", async () => {
    const { emulator, url } = setUp();
    const response = await emulator.fetch(url({ state: "s" }));
    const html = await response.text();
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/html; charset=utf-8",
    ]);
    expect(html).toContain(`<html lang="en">`);
    expect(html).toContain(`value="alice@gmail.example"`);
    expect(html).toMatch(/<button name="decision" value="allow">[\s\S]*<button name="decision" value="deny"/);
    expect(html).not.toContain("<script");
  });

  test("escapes what comes from the URL and from account names", async () => {
    const { emulator, origin, url } = setUp();
    const pages = [
      url({ state: hostile }),
      url({ redirect_uri: hostile }),
      url({ redirect_uri: `javascript:${hostile}` }),
      `${origin}/provider/${hostile}`,
    ];
    for (const page of pages) expect(await (await emulator.fetch(page)).text()).not.toContain("<script>");
    const html = await (await emulator.fetch(url({ state: hostile }))).text();
    expect(html).toContain("&quot;&gt;&lt;script&gt;");
  });

  test("returns the state unchanged, and keeps the query of the redirect URI", async () => {
    const { press } = setUp();
    const back = await press(
      { state: hostile },
      { account: "alice@gmail.example", decision: "allow", calendars: "yes" },
    );
    expect(back.origin + back.pathname).toBe("https://app.example/callback");
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ keep: "1", state: hostile });
    expect(back.searchParams.get("code")).toMatch(/^4\//);
  });

  test("returns access_denied for Deny, and for an unknown account", async () => {
    const { press } = setUp();
    for (const form of [
      { decision: "deny", account: "alice@gmail.example" },
      { decision: "allow", account: "x" },
    ]) {
      const back = await press({ state: "s" }, form);
      expect([...back.searchParams]).toEqual([
        ["keep", "1"],
        ["state", "s"],
        ["error", "access_denied"],
      ]);
    }
  });

  test("redirects to http and https URLs only", async () => {
    const { emulator, url } = setUp();
    for (const redirect_uri of ["", "javascript:alert(1)", "/callback"]) {
      expect((await emulator.fetch(url({ redirect_uri }))).status).toBe(400);
    }
  });

  test("is not logged, and faults don't apply to it", async () => {
    const { emulator, url } = setUp();
    emulator.inject({ times: Infinity, effect: { status: 500 } });
    expect((await emulator.fetch(url({ state: "s" }))).status).toBe(200);
    expect(emulator.requests).toEqual([]);
  });
});

describe("provider.authorize", () => {
  test("names the existing accounts if the account is unknown", async () => {
    const { emulator, url } = setUp();
    await expect(emulator.provider.authorize(url({}), { account: "bob" })).rejects.toThrow(
      "alice@gmail.example",
    );
    emulator.provider.addAccount("google", "bob@gmail.example");
    expect((await emulator.provider.authorize(url({}), { account: "bob" })).redirectTo).toContain(
      "app.example",
    );
  });

  test("rejects a URL that is not a consent page", async () => {
    const { emulator } = setUp();
    await expect(emulator.provider.authorize(`${emulator.url}/me`)).rejects.toThrow(
      "not an authUrl of this emulator",
    );
  });
});
