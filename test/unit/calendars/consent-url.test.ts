import { beforeEach, describe, expect, test } from "vitest";
import { CalValidationError, type CalUser, type OAuthProvider } from "../../../src/index.js";
import { withConsentPageOptions } from "../../../src/calendars/consent-url.js";
import { createAda, createTestClient, rejection } from "../../support/client.js";

const returnUrl = "https://app.example/done?x=1&y=2#z";
let ada: CalUser;

beforeEach(async () => {
  ({ ada } = await createAda(createTestClient()));
});

async function parametersOf(provider: OAuthProvider, options: object): Promise<Record<string, string>> {
  const { authUrl } = await ada.calendars.connectUrl(provider, { returnUrl, ...options });
  return Object.fromEntries(new URL(authUrl).searchParams);
}

describe("the consent page's URL", () => {
  test("of Google asks for the account besides Cal.com's consent", async () => {
    expect((await parametersOf("google", {}))["prompt"]).toBe("consent");
    expect((await parametersOf("google", { selectAccount: true }))["prompt"]).toBe("consent select_account");
  });

  test("of Office 365 keeps one value: Microsoft rejects two", async () => {
    expect((await parametersOf("office365", { selectAccount: true }))["prompt"]).toBe("select_account");
    const other = withConsentPageOptions("https://x.example/?prompt=consent", "office365", {
      selectAccount: true,
    });
    expect(other).toBe("https://x.example/?prompt=select_account");
  });

  test.each<OAuthProvider>(["google", "office365"])(
    "of %s suggests an account, and keeps the rest",
    async (provider) => {
      const before = await parametersOf(provider, {});
      const after = await parametersOf(provider, { loginHint: "ada+x&y@example.com" });
      expect(after).toEqual({ ...before, login_hint: "ada+x&y@example.com" });
      expect(JSON.parse(after["state"]!)).toMatchObject({ redir: returnUrl });
    },
  );

  test("has each value once", () => {
    const asked = withConsentPageOptions("https://x.example/?prompt=select_account%20consent", "google", {
      selectAccount: true,
    });
    expect(new URL(asked).searchParams.getAll("prompt")).toEqual(["select_account consent"]);
  });

  test("is Cal.com's own without options", () => {
    const url = "https://x.example/?scope=a%20b&state=%7B%22a%22%3A1%7D";
    expect(withConsentPageOptions(url, "google", { selectAccount: false })).toBe(url);
  });

  test.each([{ loginHint: "" }, { loginHint: 1 }, { loginHint: "a".repeat(321) }, { selectAccount: "yes" }])(
    "with %o is not valid",
    async (options) => {
      const input = { returnUrl, ...options } as { returnUrl: string };
      expect(await rejection(ada.calendars.connectUrl("google", input))).toBeInstanceOf(CalValidationError);
    },
  );
});
