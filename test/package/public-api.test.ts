import { describe, expect, expectTypeOf, test } from "vitest";
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
import * as calbridge from "../../src/index.js";
import { createCalHandlers } from "../../src/handlers/index.js";
import type { createCalEmulator } from "../../src/testing/index.js";

// The compiler checks these types. At run time the tests make no requests.
const tokenStore: TokenStore = memoryTokenStore();
const cal = new CalClient({
  managedUsers: { clientId: "i", clientSecret: "s" },
  tokenStore,
});
const ada = cal.forUser("ada");

describe("errors", () => {
  test("a switch over all error codes is exhaustive", () => {
    expectTypeOf((code: CalErrorCode): string => {
      switch (code) {
        case "invalid_input":
          return "wrong input";
        case "network_error":
        case "timeout":
        case "rate_limited":
        case "server_error":
        case "store_error":
        case "secret_unavailable":
          return "try later";
        case "bad_request":
        case "unauthorized":
        case "token_rejected":
        case "token_expired":
        case "forbidden":
        case "not_found":
        case "conflict":
        case "provider_code_rejected":
        case "calendar_unreadable":
        case "payload_too_large":
        case "invalid_response":
        case "api_error":
        case "list_limit":
          return "error of Cal.com";
        case "user_not_found":
        case "cal_user_gone":
        case "reauthorization_required":
        case "client_closed":
        case "refresh_pending":
        case "client_mismatch":
        case "client_rejected":
        case "unsupported_for_grant":
        case "code_rejected":
        case "missing_scope":
        case "unavailable_for_grant":
        case "team_account_not_supported":
        case "different_cal_account":
        case "cal_account_in_use":
        case "email_in_use":
        case "unowned_user":
        case "username_taken":
        case "cal_user_in_use":
          return "no tokens";
        default: {
          const missing: never = code;
          return missing;
        }
      }
    }).toBeFunction();
  });

  test("the type of the codes is a union and not string", () => {
    expectTypeOf<"not_a_code">().not.toExtend<CalErrorCode>();
    expectTypeOf<CalErrorCode>().not.toEqualTypeOf<string>();
  });

  test("CalTokenError has its own union of codes", () => {
    expectTypeOf<CalTokenError["code"]>().toEqualTypeOf<
      | "user_not_found"
      | "cal_user_gone"
      | "reauthorization_required"
      | "refresh_pending"
      | "client_mismatch"
      | "client_rejected"
      | "client_closed"
      | "unsupported_for_grant"
    >();
    expectTypeOf<CalTokenErrorCode>().toExtend<CalErrorCode>();
  });

  test("isCalError narrows a caught error", () => {
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

  test("a switch over the code of a caught error reaches what its class has: apiMessage, missingScopes, retryAfterMs", () => {
    expectTypeOf((caught: unknown) => {
      if (!isCalError(caught)) return undefined;
      switch (caught.code) {
        case "missing_scope":
          expectTypeOf(caught.apiMessage).toEqualTypeOf<string | undefined>();
          return caught.missingScopes;
        case "rate_limited":
          return [caught.retryAfterMs, caught.apiCode];
        case "user_not_found":
          expectTypeOf(caught).not.toHaveProperty("apiMessage");
          return caught.message;
        default:
          return undefined;
      }
    }).toBeFunction();
  });

  test("the fields of an error are read-only", () => {
    // @ts-expect-error -- read-only
    expectTypeOf((error: CalApiError) => (error.code = "timeout")).toBeFunction();
  });
});

describe("the status of a connection", () => {
  test("a CalendarStatus has a reason and a message exactly when it is not connected", () => {
    expectTypeOf((status: CalendarStatus) => {
      if (status.connected) {
        expectTypeOf(status).not.toHaveProperty("reason");
        return null;
      }
      expectTypeOf(status.message).toBeString();
      return status.reason;
    }).returns.toEqualTypeOf<DisconnectedReason | null>();
  });

  test("a DisconnectedReason is one of six", () => {
    expectTypeOf<DisconnectedReason>().toEqualTypeOf<
      "not_connected" | "invalid_credentials" | "revoked" | "unavailable" | "not_permitted" | "provider_error"
    >();
  });
});

describe("options", () => {
  const required = {
    managedUsers: { clientId: "i", clientSecret: "s" },
    tokenStore,
  };

  test("two options are required; the others may be undefined", () => {
    expectTypeOf(required).toExtend<CalClientOptions>();
    expectTypeOf<Omit<typeof required, "tokenStore">>().not.toExtend<CalClientOptions>();
    const withUndefined = {
      ...required,
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
    expectTypeOf(withUndefined).toExtend<CalClientOptions>();
    expectTypeOf({
      ...required,
      retry: { limit: undefined, maxWaitMs: undefined },
    }).toExtend<CalClientOptions>();
    expectTypeOf({ ...required, hooks: { onTokenRefresh: undefined } }).toExtend<CalClientOptions>();
    expectTypeOf({ ...required, cache: false as const }).toExtend<CalClientOptions>();
    expectTypeOf<{ cache: true }>().not.toExtend<Pick<CalClientOptions, "cache">>();
  });

  test("a misspelled option does not compile", () => {
    // @ts-expect-error -- timeoutMs
    expectTypeOf(() => new CalClient({ ...required, timeout: 5 })).toBeFunction();
    // @ts-expect-error -- the client's id and secret come from the environment
    expectTypeOf(() => CalClient.fromEnv({ tokenStore, clientId: "i" })).toBeFunction();
  });

  test("console is a Logger, and so is an object with one of its methods", () => {
    expectTypeOf(console).toExtend<Logger>();
    expectTypeOf({ warn: (message: string) => message }).toExtend<Logger>();
  });

  test("the emulator's fetch can be passed to the client", () => {
    type Emulator = ReturnType<typeof createCalEmulator>;
    expectTypeOf<Emulator["fetch"]>().toExtend<NonNullable<CalClientOptions["fetch"]>>();
  });

  test("onTokenRefresh receives a typed outcome", () => {
    expectTypeOf<NonNullable<CalClientOptions["hooks"]>["onTokenRefresh"]>()
      .exclude<undefined>()
      .parameter(0)
      .toHaveProperty("outcome")
      .toEqualTypeOf<TokenRefreshOutcome>();
  });
});

describe("methods", () => {
  test("each method accepts the providers that it supports", () => {
    const { connectUrl, save, check, sync, disconnect } = ada.calendars;
    expectTypeOf(connectUrl).parameter(0).toEqualTypeOf<"google" | "office365">();
    expectTypeOf(save).parameter(0).toEqualTypeOf<"google" | "office365">();
    expectTypeOf(check).parameter(0).toEqualTypeOf<"google" | "office365" | "apple">();
    expectTypeOf(sync).parameter(0).toEqualTypeOf<"google" | "office365" | "apple">();
    expectTypeOf(disconnect).parameter(0).toEqualTypeOf<"google" | "office365" | "apple" | "ics-feed">();
  });

  test("methods have typed results", () => {
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

  test("methods take signal and timeoutMs last, which may be undefined", () => {
    const options = { signal: new AbortController().signal, timeoutMs: 5 };
    const undefinedOptions = { signal: undefined, timeoutMs: undefined };
    expectTypeOf(() => [ada.profile(options), ada.profile(undefinedOptions), ada.profile()]).toBeFunction();
    expectTypeOf(() => [
      ada.accessToken({ minTtlMs: 5, ...options }),
      ada.calendars.disconnect("google", { credentialId: 5, ...options }),
      ada.calendars.connection("8").events.get("e", { calendarId: "c", ...options }),
      cal.managedUsers.list({}, options),
      cal.ensureUser("ada", { email: "a@b.example", name: "A" }, undefinedOptions),
    ]).toBeFunction();
    // @ts-expect-error -- timeoutMs
    expectTypeOf(() => ada.profile({ timeout: 5 })).toBeFunction();
  });

  test("the input of a managed user is typed: days, hours, metadata of plain values", () => {
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

describe("what the package creates itself", () => {
  test("new CalUser() does not compile: forUser() and ensureUser() return users", () => {
    expectTypeOf(calbridge).toHaveProperty("CalClient");
    for (const name of [
      "CalUser",
      "UserCalendars",
      "CalendarEvents",
      "ManagedUsers",
      "OAuthAccounts",
    ] as const) {
      expectTypeOf(calbridge).not.toHaveProperty(name);
      expect(calbridge).not.toHaveProperty(name);
    }
  });

  test("createCalHandlers.fromEnv can't be replaced", () => {
    // @ts-expect-error -- read-only
    expectTypeOf(() => (createCalHandlers.fromEnv = createCalHandlers.fromEnv)).toBeFunction();
  });
});

describe("responses", () => {
  test("an IntegrationType may be a known or an unknown integration", () => {
    expectTypeOf<"proton_calendar">().toExtend<IntegrationType>();
    expectTypeOf<"google_calendar">().toExtend<IntegrationType>();
  });

  test("a misspelled field of a response does not compile, since no response has an index signature", () => {
    expectTypeOf<CalendarList>().not.toHaveProperty("conectedCalendars");
    expectTypeOf<"conectedCalendars">().not.toExtend<keyof CalendarList>();
    expectTypeOf<"timezone">().not.toExtend<keyof ManagedUser>();
    expectTypeOf<"selected">().not.toExtend<keyof Calendar>();
    expectTypeOf<ManagedUser>().not.toHaveProperty("timezone");
    expectTypeOf<ManagedUser>().toHaveProperty("timeZone");
    expectTypeOf<Calendar>().not.toHaveProperty("selected");
    expectTypeOf<Calendar>().toHaveProperty("isSelected");
  });

  test("destinationCalendar and primary may be null", () => {
    expectTypeOf<null>().toExtend<CalendarList["destinationCalendar"]>();
    expectTypeOf<null>().toExtend<CalendarList["connectedCalendars"][number]["primary"]>();
    expectTypeOf<CalendarList["connectedCalendars"][number]["calendars"]>().toBeArray();
  });
});

describe("a token store", () => {
  test("a TokenStore has three required methods", () => {
    expectTypeOf<Pick<TokenStore, "get" | "set" | "delete">>().toExtend<TokenStore>();
    expectTypeOf<Pick<TokenStore, "get" | "set">>().not.toExtend<TokenStore>();
  });

  test("a TokenWrite is a TokenRecord without version, createdAt and updatedAt", () => {
    expectTypeOf<keyof TokenWrite>().toEqualTypeOf<
      Exclude<keyof TokenRecord, "version" | "createdAt" | "updatedAt">
    >();
    expectTypeOf<TokenRecord["calRefreshToken"]>().toEqualTypeOf<string | null>();
    expectTypeOf<TokenRecord["version"]>().toBeNumber();
  });

  test("get and set of a TokenStore may return null", () => {
    expectTypeOf<TokenStore["set"]>().returns.resolves.toEqualTypeOf<TokenRecord | null>();
    expectTypeOf<TokenStore["get"]>().returns.resolves.toEqualTypeOf<TokenRecord | null>();
  });
});
