/** For whoever has taken the application's id of a user for Cal.com's. */
export const adviceOnIds = "It takes Cal.com's id: emulator.users.list().";

/** @throws TypeError for what can't be Cal.com's id of a user. Whoever asks would be told that there is nothing. */
export function assertUserId(id: number): void {
  if (typeof id !== "number") throw new TypeError(`A user's id must be a number. ${adviceOnIds}`);
}
