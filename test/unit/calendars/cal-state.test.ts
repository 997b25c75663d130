import { expect, test, vi } from "vitest";
import { CalValidationError } from "../../../src/index.js";
import { assertAuthorized } from "../../../src/calendars/cal-state.js";
import { tokensOf } from "../../support/client.js";

const at = new Date("2027-01-04T09:00:00Z");
const ada = { ...tokensOf("ada"), version: 1, createdAt: at, updatedAt: at };

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
/** A token that was issued to this Cal.com user. */
const tokenOf = (ownerId: unknown) => `${base64url({ alg: "HS256" })}.${base64url({ ownerId })}.c2ln`;
const stateWith = (accessToken: unknown) => JSON.stringify({ accessToken, origin: "https://app.example" });

test("a state with the user's stored access token is accepted", () => {
  expect(assertAuthorized(stateWith(ada.calAccessToken), ada)).toBe(ada.calAccessToken);
});

test("a state with an older access token of the same user is accepted", () => {
  const older = tokenOf(ada.calUserId);
  expect(assertAuthorized(stateWith(older), ada)).toBe(older);
});

test.each([
  tokenOf(ada.calUserId + 1),
  tokenOf(String(ada.calUserId)),
  tokenOf(null),
  "opaque",
  "a.b.c",
  "eyJ.eyJ.x",
])("a state with the token %s, which is not the user's, is rejected", (token) => {
  expect(() => assertAuthorized(stateWith(token), ada)).toThrow(CalValidationError);
});

test.each([
  "",
  "{",
  "null",
  "[]",
  '"text"',
  "{}",
  stateWith(5),
  stateWith(null),
  stateWith([ada.calAccessToken]),
])("a state without an access token is rejected: %s", (state) => {
  expect(() => assertAuthorized(state, ada)).toThrow(CalValidationError);
});

test("of two access tokens in a state the last one counts, as for Cal.com", () => {
  const other = tokenOf(ada.calUserId + 1);
  const state = `{"accessToken":"${ada.calAccessToken}","accessToken":"${other}"}`;
  expect(() => assertAuthorized(state, ada)).toThrow(CalValidationError);
});

test("the error does not contain the token", () => {
  const token = tokenOf(ada.calUserId + 1);
  let message = "";
  try {
    assertAuthorized(stateWith(token), ada);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).not.toBe("");
  expect(message).not.toContain(token);
});

test("a state whose brackets are nested too deep for an engine is rejected as one without a token", () => {
  vi.spyOn(JSON, "parse").mockImplementation(() => {
    throw new RangeError("Maximum call stack size exceeded");
  });
  expect(() => assertAuthorized("[[", ada)).toThrow(CalValidationError);
});
