import { describe, expect, test } from "vitest";
import { createApp, createBrowser, endOf, ORIGIN } from "../support/handlers-app.js";

/** Characters that JavaScript's `trim()` removes and that browsers keep in a cookie's name, as bytes. */
const trimmed = ["\xa0", "\v", "\f", "\xef\xbb\xbf", "\xe2\x80\xa8", "\xa0 \t\xa0"];

describe("wants their browser's half of an attempt in a victim's browser, by a cookie of a sibling subdomain", () => {
  const prefixes = [...trimmed, "\x85", "é", "\x01", "\x7f", "(", "[", '"', "x "];

  test.each(prefixes.map((prefix) => [JSON.stringify(prefix), prefix]))(
    "a cookie whose name begins with %s and goes on with __Host-",
    async (_, prefix) => {
      const app = createApp();
      const mallory = createBrowser(app.handlers.handle).signIn("mallory");
      const { redirectTo } = await app.emulator.provider.authorize(await mallory.start("google"));
      const [stateCookie] = (await mallory.jar.getCookies(ORIGIN)).filter(({ key }) =>
        key.startsWith("__Host-calbridge-"),
      );
      // A request as the wire has it: undici would refuse some of these bytes.
      const cookie = `session=mallory; ${prefix}${stateCookie!.key}=${stateCookie!.value}`;
      const request = withCookie(redirectTo, cookie);
      expect(endOf(await app.handlers.handle(request))).toMatchObject({
        connected: "false",
        reason: "wrong_browser",
      });
    },
  );

  test("its name after spaces and tabs is its name", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    const cookie = (await ada.jar.getCookieString(redirectTo)).replaceAll("; ", " \t; \t ");
    expect(endOf(await app.handlers.handle(withCookie(redirectTo, cookie)))).toMatchObject({
      connected: "true",
    });
  });
});

/** A request with a cookie header of any bytes, as a server's own request class lets through. */
function withCookie(url: string, cookie: string): Request {
  const request = new Request(url);
  const headers = {
    get: (name: string) => (name.toLowerCase() === "cookie" ? cookie : request.headers.get(name)),
  };
  return new Proxy(request, {
    get: (target, name) => (name === "headers" ? headers : (Reflect.get(target, name, target) as unknown)),
  });
}
