import { describe, expectTypeOf, test } from "vitest";
import {
  CalClient,
  isCalError,
  memoryTokenStore,
  type AccessToken,
  type BusyTime,
  type CalApiError,
  type CalClientOptions,
  type CalendarCredential,
  type Calendar,
  type CalendarList,
  type CalendarStatus,
  type CalErrorCode,
  type CalTokenError,
  type CalTokenErrorCode,
  type CalUser,
  type CalValidationError,
  type DisconnectedReason,
  type IntegrationType,
  type Logger,
  type ManagedUser,
  type ManagedUserInput,
  type TokenRefreshOutcome,
  type TokenRecord,
  type TokenStore,
  type TokenWrite,
} from "../../src/index.js";
import type { createCalEmulator } from "../../src/testing/index.js";

// It is the compiler that checks these; what runs makes no request.
const tokenStore: TokenStore = memoryTokenStore();
const cal = new CalClient({
  managedUsers: { clientId: "i", clientSecret: "s" },
  tokenStore,
});
const ada = cal.forUser("ada");

describe("errors", () => {
  test("each code can be switched over, and the compiler notices a missing one", () => {
    expectTypeOf((code: CalErrorCode): string => {
      switch (code) {
        case "invalid_input":
          return "mine";
        case "network_error":
        case "timeout":
        case "rate_limited":
        case "server_error":
        case "store_error":
          return "later";
        case "bad_request":
        case "unauthorized":
        case "token_rejected":
        case "token_expired":
        case "forbidden":
        case "not_found":
        case "conflict":
        case "code_rejected":
        case "payload_too_large":
        case "invalid_response":
        case "api_error":
        case "list_limit":
          return "theirs";
        case "user_not_found":
        case "cal_user_gone":
        case "reauthorization_required":
        case "client_closed":
        case "cal_user_in_use":
          return "gone";
        default: {
          const nothingIsLeft: never = code;
          return nothingIsLeft;
        }
      }
    }).toBeFunction();
  });

  test("a code that is none is no code", () => {
    expectTypeOf<"not_a_code">().not.toExtend<CalErrorCode>();
    expectTypeOf<CalErrorCode>().not.toEqualTypeOf<string>();
  });

  test("an error of the token tells which of three it is", () => {
    expectTypeOf<CalTokenError["code"]>().toEqualTypeOf<
      "user_not_found" | "cal_user_gone" | "reauthorization_required" | "client_closed"
    >();
    expectTypeOf<CalTokenErrorCode>().toExtend<CalErrorCode>();
  });

  test("what was caught is narrowed, and has what there is to know", () => {
    expectTypeOf((caught: unknown) => {
      if (!isCalError(caught)) return null;
      expectTypeOf(caught.code).toEqualTypeOf<CalErrorCode>();
      expectTypeOf(caught.message).toBeString();
      return caught.retryAfterMs;
    }).returns.toEqualTypeOf<number | null | undefined>();
    expectTypeOf<CalApiError["status"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<CalApiError["apiCode"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<CalApiError["requestId"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<CalValidationError>().toExtend<Error>();
  });

  test("nobody can change an error", () => {
    // @ts-expect-error -- read-only
    expectTypeOf((error: CalApiError) => (error.code = "timeout")).toBeFunction();
  });
});

describe("the status of a connection", () => {
  test("has a reason and a message exactly when it does not work", () => {
    expectTypeOf((status: CalendarStatus) => {
      if (status.connected) {
        expectTypeOf(status).not.toHaveProperty("reason");
        return null;
      }
      expectTypeOf(status.message).toBeString();
      return status.reason;
    }).returns.toEqualTypeOf<DisconnectedReason | null>();
  });

  test("has one of six reasons", () => {
    expectTypeOf<DisconnectedReason>().toEqualTypeOf<
      "not_connected" | "invalid_credentials" | "revoked" | "unavailable" | "not_permitted" | "provider_error"
    >();
  });
});

describe("options", () => {
  const needed = {
    managedUsers: { clientId: "i", clientSecret: "s" },
    tokenStore,
  };

  test("three are needed; the others may be undefined, as an environment leaves them", () => {
    expectTypeOf(needed).toExtend<CalClientOptions>();
    expectTypeOf<Omit<typeof needed, "tokenStore">>().not.toExtend<CalClientOptions>();
    const undefineds = {
      ...needed,
      baseUrl: undefined,
      fetch: undefined,
      timeoutMs: undefined,
      retry: undefined,
      refreshWindowMs: undefined,
      connectMinTtlMs: undefined,
      cache: undefined,
      hooks: undefined,
      logger: undefined,
      now: undefined,
    };
    expectTypeOf(undefineds).toExtend<CalClientOptions>();
    expectTypeOf({
      ...needed,
      retry: { limit: undefined, maxWaitMs: undefined },
    }).toExtend<CalClientOptions>();
    expectTypeOf({ ...needed, hooks: { onTokenRefresh: undefined } }).toExtend<CalClientOptions>();
    expectTypeOf({ ...needed, cache: false as const }).toExtend<CalClientOptions>();
    expectTypeOf<{ cache: true }>().not.toExtend<Pick<CalClientOptions, "cache">>();
  });

  test("a misspelled one is an error", () => {
    // @ts-expect-error -- timeoutMs
    expectTypeOf(() => new CalClient({ ...needed, timeout: 5 })).toBeFunction();
    // @ts-expect-error -- the client's id and secret come from the environment
    expectTypeOf(() => CalClient.fromEnv({ tokenStore, clientId: "i" })).toBeFunction();
  });

  test("console is a logger, and so is an object with one of the methods", () => {
    expectTypeOf(console).toExtend<Logger>();
    expectTypeOf({ warn: (message: string) => message }).toExtend<Logger>();
  });

  test("the emulator's fetch is a fetch", () => {
    type Emulator = ReturnType<typeof createCalEmulator>;
    expectTypeOf<Emulator["fetch"]>().toExtend<NonNullable<CalClientOptions["fetch"]>>();
  });

  test("hooks are told what happened, by name", () => {
    expectTypeOf<NonNullable<CalClientOptions["hooks"]>["onTokenRefresh"]>()
      .exclude<undefined>()
      .parameter(0)
      .toHaveProperty("outcome")
      .toEqualTypeOf<TokenRefreshOutcome>();
  });
});

describe("methods", () => {
  test("a provider that a method can't serve is an error", () => {
    const { connectUrl, save, check, sync, disconnect } = ada.calendars;
    expectTypeOf(connectUrl).parameter(0).toEqualTypeOf<"google" | "office365">();
    expectTypeOf(save).parameter(0).toEqualTypeOf<"google" | "office365">();
    expectTypeOf(check).parameter(0).toEqualTypeOf<"google" | "office365" | "apple">();
    expectTypeOf(sync).parameter(0).toEqualTypeOf<"google" | "office365" | "apple">();
    expectTypeOf(disconnect).parameter(0).toEqualTypeOf<"google" | "office365" | "apple" | "ics-feed">();
  });

  test("answer what their names say", () => {
    expectTypeOf(cal.ensureUser).returns.resolves.toEqualTypeOf<CalUser>();
    expectTypeOf(cal.forUser).returns.toEqualTypeOf<CalUser>();
    expectTypeOf(ada.accessToken).returns.resolves.toEqualTypeOf<AccessToken>();
    expectTypeOf<AccessToken>().toEqualTypeOf<{ accessToken: string; expiresAt: Date | null }>();
    expectTypeOf(ada.delete).returns.resolves.toBeBoolean();
    expectTypeOf(ada.calendars.connectUrl).returns.resolves.toEqualTypeOf<{ authUrl: string }>();
    expectTypeOf(ada.calendars.save).returns.resolves.toEqualTypeOf<{ returnUrl: string | null }>();
    expectTypeOf(ada.calendars.list).returns.resolves.toEqualTypeOf<CalendarList>();
    expectTypeOf(ada.calendars.disconnect).returns.resolves.toEqualTypeOf<{
      disconnected: CalendarCredential[];
    }>();
    expectTypeOf(ada.calendars.busyTimes).returns.resolves.toEqualTypeOf<BusyTime[]>();
    expectTypeOf(ada.calendars.unselect).returns.resolves.toBeBoolean();
    expectTypeOf(cal.managedUsers.list).returns.toEqualTypeOf<AsyncIterable<ManagedUser>>();
  });

  test("take a signal and a time limit last, and undefined for them", () => {
    const last = { signal: new AbortController().signal, timeoutMs: 5 };
    const none = { signal: undefined, timeoutMs: undefined };
    expectTypeOf(() => [ada.profile(last), ada.profile(none), ada.profile()]).toBeFunction();
    expectTypeOf(() => [
      ada.accessToken({ minTtlMs: 5, ...last }),
      ada.calendars.disconnect("google", { credentialId: 5, ...last }),
      ada.calendars.connection("8").events.get("e", { calendarId: "c", ...last }),
      cal.managedUsers.list({}, last),
      cal.ensureUser("ada", { email: "a@b.example", name: "A" }, none),
    ]).toBeFunction();
    // @ts-expect-error -- timeoutMs
    expectTypeOf(() => ada.profile({ timeout: 5 })).toBeFunction();
  });

  test("know the days and the hours of a user, and any metadata of plain values", () => {
    expectTypeOf<{ email: string; name: string }>().toExtend<ManagedUserInput>();
    expectTypeOf<{ email: string }>().not.toExtend<ManagedUserInput>();
    expectTypeOf<13>().not.toExtend<NonNullable<ManagedUserInput["timeFormat"]>>();
    expectTypeOf<"Someday">().not.toExtend<NonNullable<ManagedUserInput["weekStart"]>>();
    expectTypeOf<{ a: string; b: number; c: boolean }>().toExtend<
      NonNullable<ManagedUserInput["metadata"]>
    >();
    expectTypeOf<{ a: { b: 1 } }>().not.toExtend<NonNullable<ManagedUserInput["metadata"]>>();
  });
});

describe("answers", () => {
  test("an integration of tomorrow is one, and today's are suggested", () => {
    expectTypeOf<"proton_calendar">().toExtend<IntegrationType>();
    expectTypeOf<"google_calendar">().toExtend<IntegrationType>();
  });

  test("a misspelled field of a response does not compile", () => {
    // @ts-expect-error -- timeZone
    expectTypeOf((user: ManagedUser) => user.timezone).toBeFunction();
    // @ts-expect-error -- isSelected
    expectTypeOf((calendar: Calendar) => calendar.selected).toBeFunction();
  });

  test("a user without calendars has no destination, and a broken account no main calendar", () => {
    expectTypeOf<null>().toExtend<CalendarList["destinationCalendar"]>();
    expectTypeOf<null>().toExtend<CalendarList["connectedCalendars"][number]["primary"]>();
    expectTypeOf<CalendarList["connectedCalendars"][number]["calendars"]>().toBeArray();
  });
});

describe("a token store", () => {
  test("is three methods", () => {
    expectTypeOf<Pick<TokenStore, "get" | "set" | "delete">>().toExtend<TokenStore>();
    expectTypeOf<Pick<TokenStore, "get" | "set">>().not.toExtend<TokenStore>();
  });

  test("writes what a record has, but for what the store itself says", () => {
    expectTypeOf<keyof TokenWrite>().toEqualTypeOf<
      Exclude<keyof TokenRecord, "version" | "createdAt" | "updatedAt">
    >();
    expectTypeOf<TokenRecord["calRefreshToken"]>().toEqualTypeOf<string | null>();
    expectTypeOf<TokenRecord["version"]>().toBeNumber();
  });

  test("may answer that nothing was written, and a caller has to look", () => {
    expectTypeOf<TokenStore["set"]>().returns.resolves.toEqualTypeOf<TokenRecord | null>();
    expectTypeOf<TokenStore["get"]>().returns.resolves.toEqualTypeOf<TokenRecord | null>();
  });
});
