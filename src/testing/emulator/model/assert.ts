// A control that has no effect makes a test that proves nothing. So input that can't be meant is rejected.

/** Advice for a caller that has passed the application's id of a user. */
export const adviceOnIds = "It takes Cal.com's id: emulator.users.list() or emulator.people.list().";

/** @throws TypeError if the value can't be Cal.com's id of a user. The control would find nothing otherwise. */
export function assertUserId(id: number): void {
  if (typeof id !== "number") throw new TypeError(`A user's id must be a number. ${adviceOnIds}`);
}

/** @throws TypeError for a field that the control doesn't have. */
export function assertFields(control: string, value: unknown, fields: readonly string[]): void {
  const expected = fields.length > 0 ? `It takes ${fields.join(", ")}.` : "It takes no fields.";
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${control} takes an object. ${expected}`);
  }
  const unknown = Object.keys(value).find((key) => !fields.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`${control} has no field ${JSON.stringify(unknown)}. ${expected}`);
  }
}

/** @throws TypeError for a value that is not one of those allowed. */
export function assertOneOf(control: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value === "string" && allowed.includes(value)) return;
  throw new TypeError(`${control} takes one of ${allowed.join(", ")}, not ${JSON.stringify(value)}.`);
}
