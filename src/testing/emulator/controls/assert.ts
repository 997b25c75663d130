/** Advice for a caller that has passed the application's id of a user. */
export const adviceOnIds = "It takes Cal.com's id: emulator.users.list().";

/** @throws TypeError if the value can't be Cal.com's id of a user. The control would find nothing otherwise. */
export function assertUserId(id: number): void {
  if (typeof id !== "number") throw new TypeError(`A user's id must be a number. ${adviceOnIds}`);
}
