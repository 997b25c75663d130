import { ada, equal, rejection, start } from "./support.js";

async function expectError(modules, promise, { name, code, ...rest }) {
  const { isCalError } = modules.calbridge;
  const error = await rejection(promise);
  const Class = modules.calbridge[name];
  if (!isCalError(error)) throw new Error(`not an error of calbridge: ${String(error)}`);
  if (!(error instanceof Class)) throw new Error(`${error.name} is not an instance of ${name}`);
  if (!(error instanceof modules.calbridge.CalError)) throw new Error(`${error.name} is not a CalError`);
  equal({ name: error.name, code: error.code }, { name, code }, "error");
  for (const [key, value] of Object.entries(rest)) equal(error[key], value, key);
}

/** The URL of a server that was closed. */
async function closedPort({ testing }) {
  const server = await testing.createCalEmulator().listen();
  await server.close();
  return server.url;
}

export const failures = [
  {
    name: "errors: class and code",
    async run(modules) {
      const { cal, emulator } = start(modules, { retry: { limit: 0 } });
      const user = await cal.ensureUser("ada", ada);
      const inject = (effect) => emulator.inject({ path: "/me", effect });

      await expectError(modules, cal.forUser("unknown").profile(), {
        name: "CalTokenError",
        code: "user_not_found",
      });
      await expectError(modules, user.calendars.check("yahoo"), {
        name: "CalValidationError",
        code: "invalid_input",
      });
      await expectError(modules, cal.managedUsers.get(99_999), {
        name: "CalApiError",
        code: "not_found",
        status: 404,
      });
      inject({ status: 429, headers: { "Retry-After": "7" } });
      await expectError(modules, user.profile(), {
        name: "CalRateLimitError",
        code: "rate_limited",
        retryAfterMs: 7000,
      });
      inject({ html: true });
      await expectError(modules, user.profile(), { name: "CalApiError", code: "server_error", status: 502 });
      inject({ reset: true });
      await expectError(modules, user.profile(), { name: "CalNetworkError", code: "network_error" });
      inject({ truncate: true });
      await expectError(modules, user.profile(), { name: "CalNetworkError", code: "network_error" });
      equal((await user.profile()).name, ada.name, "name, after all errors");
    },
  },
  {
    name: "refused connection",
    async run(modules, { refusedUrl }) {
      const baseUrl = refusedUrl ?? (await closedPort(modules));
      const { cal } = start(modules, { baseUrl, fetch: undefined, retry: { limit: 0 } });
      await expectError(modules, cal.managedUsers.get(1), { name: "CalNetworkError", code: "network_error" });
    },
  },
  {
    name: "AbortSignal",
    async run(modules) {
      const { cal, emulator } = start(modules);
      const user = await cal.ensureUser("ada", ada);
      emulator.inject({ path: "/me", effect: { hang: true } });
      const controller = new AbortController();
      const reason = new Error("the user has left");
      const call = user.profile({ signal: controller.signal });
      setTimeout(() => controller.abort(reason), 20);
      equal((await rejection(call)).message, reason.message, "reason");
      equal((await rejection(user.profile({ signal: AbortSignal.abort() }))).name, "AbortError", "name");
      equal((await user.profile()).name, ada.name, "name, after the abort");
    },
  },
  {
    name: "time limit",
    async run(modules) {
      const { cal, emulator } = start(modules, { retry: { limit: 0 } });
      const user = await cal.ensureUser("ada", ada);
      emulator.inject({ path: "/me", effect: { hang: true } });
      await expectError(modules, user.profile({ timeoutMs: 50 }), {
        name: "CalTimeoutError",
        code: "timeout",
      });
      emulator.inject({ path: "/me", effect: { delayMs: 5000 } });
      await expectError(modules, user.profile({ timeoutMs: 50 }), {
        name: "CalTimeoutError",
        code: "timeout",
      });
      equal((await user.profile()).name, ada.name, "name, after the timeout");
    },
  },
];
