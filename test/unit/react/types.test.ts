import { expectTypeOf, test } from "vitest";
import type { Connection, HandlerErrorCode, ReturnReason } from "../../../src/handlers/index.js";
import type { CalendarProvider, OAuthProvider } from "../../../src/index.js";
import type * as react from "../../../src/react/index.js";

/** Reasons that are about the user's own Cal.com account, or about several accounts of a provider. */
type AccountReason =
  | "account_changed"
  | "cal_account_in_use"
  | "client_rejected"
  | "code_rejected"
  | "different_account"
  | "different_cal_account"
  | "team_account_not_supported";

test("the types of calbridge/react match the responses of the handlers", () => {
  // The handlers may return more. What the page reads has the same types.
  expectTypeOf<Connection>().toExtend<Omit<react.Connection, "calendars">>();
  expectTypeOf<react.CalendarProvider>().toEqualTypeOf<CalendarProvider>();
  expectTypeOf<react.OAuthProvider>().toEqualTypeOf<OAuthProvider>();
  expectTypeOf<react.CalendarIntegrationErrorCode>().toEqualTypeOf<
    HandlerErrorCode | ReturnReason | AccountReason | "network_error" | "invalid_response" | "not_rolled_back"
  >();
});
