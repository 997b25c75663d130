import { expectTypeOf, test } from "vitest";
import type { Connection, HandlerErrorCode, ReturnReason } from "../../../src/handlers/index.js";
import type { CalendarProvider, OAuthProvider } from "../../../src/index.js";
import type * as react from "../../../src/react/index.js";

test("the types of calbridge/react match the responses of the handlers", () => {
  // The handlers may return more. What the page reads has the same types.
  expectTypeOf<Connection>().toExtend<react.Connection>();
  expectTypeOf<react.CalendarProvider>().toEqualTypeOf<CalendarProvider>();
  expectTypeOf<react.OAuthProvider>().toEqualTypeOf<OAuthProvider>();
  expectTypeOf<react.CalendarIntegrationErrorCode>().toEqualTypeOf<
    HandlerErrorCode | ReturnReason | "network_error" | "invalid_response" | "not_rolled_back"
  >();
});
