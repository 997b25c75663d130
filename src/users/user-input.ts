import type { ManagedUserInput, ManagedUserUpdate } from "../api/endpoints/managed-users.js";
import { assertObject, assertEmail, assertText, assertTimeZone } from "../lib/assert.js";

export function assertManagedUserInput(input: ManagedUserInput): void {
  assertObject("The user", input, "{ email, name }");
  assertEmail(input.email);
  assertText("name", input.name);
  assertManagedUserUpdate(input);
}

export function assertManagedUserUpdate(update: ManagedUserUpdate): void {
  assertObject("The update", update);
  if (update.email !== undefined) assertEmail(update.email);
  if (update.name !== undefined) assertText("name", update.name);
  if (update.timeZone !== undefined) assertTimeZone("timeZone", update.timeZone);
}
