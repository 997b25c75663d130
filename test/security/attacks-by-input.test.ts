import { expect, test } from "vitest";
import {
  connectGoogle,
  createApp,
  createBrowser,
  endOf,
  ORIGIN,
  ownCallback,
  SECRET,
} from "../support/handlers-app.js";

const json = { "content-type": "application/json" };

test("wants another user's token for an expired one", async () => {
  const app = createApp();
  const victim = createBrowser(app.handlers.handle).signIn("victim");
  const { accessToken } = (await (await victim.fetch("/refresh")).json()) as { accessToken: string };
  app.emulator.users.expireAccessTokens(await app.managedUserId("victim"));
  const headers = { authorization: `Bearer ${accessToken}` };

  const signedOut = await createBrowser(app.handlers.handle).fetch("/refresh", { headers });
  expect(signedOut.status).toBe(401);
  const mallory = createBrowser(app.handlers.handle).signIn("mallory");
  const own = (await (await mallory.fetch("/refresh", { headers })).json()) as { accessToken: string };
  const { accessTokens } = app.emulator.users.tokens(await app.managedUserId("mallory"));
  expect(accessTokens).toContain(own.accessToken);
});

test("wants the server to run out of memory or time, by a body", async () => {
  const app = createApp();
  const post = async (body: BodyInit, headers: Record<string, string> = json): Promise<number> => {
    const init = { method: "POST", headers: { cookie: "session=ada", ...headers }, body, duplex: "half" };
    const url = `${ORIGIN}/api/cal/calendars/sync-credentials`;
    return (await app.handlers.handle(new Request(url, init))).status;
  };
  expect(await post("x".repeat(20_000))).toBe(413);
  expect(await post("{}", { ...json, "content-length": "99999999" })).toBe(413);
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(1024).fill(32));
    },
  });
  expect(await post(endless)).toBe(413);
  expect(pulled).toBeLessThan(30);
  expect(await post("[".repeat(16_000))).toBe(400);
  expect(await post(`${'{"a":'.repeat(2000)}1${"}".repeat(2000)}`)).toBe(400);
  expect(await post("{")).toBe(400);
  expect(await post("null")).toBe(400);
  expect(await post("[]")).toBe(400);
  expect(await post('"google"')).toBe(400);
  expect(await post("")).toBe(400);
  expect(await post(new Uint8Array([0xff, 0xfe, 0x00]))).toBe(400);
  expect(await post('{"__proto__":{"calendarType":"google"}}')).toBe(400);
  expect(await post('{"calendarType":"google"}', { ...json, "content-encoding": "gzip" })).toBe(415);
  expect(await post('{"calendarType":"google"}')).toBe(200);
});

test("wants two readers of one request to disagree: duplicated and array parameters", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const queries = [
    "type=google&type=office365",
    "type[]=google",
    "type[0]=google",
    "type=google&returnUrl=/a&returnUrl=//evil.example",
    "type=google,office365",
    "type=__proto__",
    "type=constructor",
    "type=",
    "",
  ];
  for (const query of queries) {
    expect((await ada.fetch(`/calendars/oauth-connect-url?${query}`)).status, query).toBe(400);
  }
  for (const calendarType of [["google"], { 0: "google" }, 1, true, null, "toString", "GOOGLE"]) {
    expect((await ada.post("/calendars/disconnect", { calendarType })).status).toBe(400);
  }
  for (const credentialId of ["1", 0, -1, 1.5, [1], {}, 1e99]) {
    const body = { calendarType: "google", credentialId };
    expect((await ada.post("/calendars/disconnect", body)).status).toBe(400);
  }
  const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
  const twice = `${redirectTo}&cal_state=x`;
  expect(endOf(await ada.visit(twice))).toMatchObject({ reason: "invalid_state" });
});

test("wants to disconnect another user's calendar, or another provider's", async () => {
  const app = createApp();
  await connectGoogle(app, "ada");
  const [credential] = app.emulator.calendars.credentials(await app.managedUserId("ada"));
  const mallory = createBrowser(app.handlers.handle).signIn("mallory");
  await mallory.start("google");
  const body = { calendarType: "google", credentialId: credential!.id };
  expect((await (await mallory.post("/calendars/disconnect", body)).json()).data.disconnected).toEqual([]);
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const wrong = await ada.post("/calendars/disconnect", { ...body, calendarType: "apple" });
  expect(wrong.status).toBe(400);
  expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
});

test("wants a secret from a response, a log or an error", async () => {
  const errors: unknown[] = [];
  const app = createApp({ handlers: { onError: ({ error }) => void errors.push(error) } });
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const responses: string[] = [];
  const note = async (response: Response) => {
    responses.push(await response.clone().text(), JSON.stringify([...response.headers]));
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    return response;
  };
  const { code, state } = await app.emulator.provider.authorize(await ada.start("google"), {
    stopBeforeCallback: true,
  });
  const feed = "https://feeds.example/private-0123456789.ics";
  await app.cal.forUser("ada").calendars.saveIcsFeed({ urls: [feed] });
  app.emulator.inject({ path: /\/save$/, effect: { status: 503, body: `no: ${code!} ${state!}` } });
  await note(await ada.visit(ownCallback("google", { code, state })));
  await note(await ada.visit(ownCallback("google", { code, state })));
  await note(await createBrowser(app.handlers.handle).visit(ownCallback("google", { code, state })));
  await note(await ada.fetch("/calendars/status"));
  await note(await ada.post("/calendars/sync-credentials", { calendarType: "google" }));
  const password = "hunter2-hunter2";
  app.emulator.inject({ path: /\/credentials$/, effect: { status: 500, body: `no: ${password}` } });
  await note(await ada.post("/calendars/apple-credentials", { username: "dave@x.example", password }));

  const { accessTokens, refreshTokens } = app.emulator.users.tokens(await app.managedUserId("ada"));
  const secrets = [...accessTokens, ...refreshTokens, code!, state!, password, feed, SECRET, "test-secret"];
  const seen = [...responses, ...app.log, ...errors.map(String), JSON.stringify(errors)].join("\n");
  expect(app.log.length).toBeGreaterThan(0);
  for (const secret of secrets) expect(seen).not.toContain(secret);
});
