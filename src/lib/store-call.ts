import { CalStoreError, isCalError } from "../errors.js";
import { within } from "./deadline.js";
import { redactError } from "./redact.js";

// Longer than a pool usually lets a query wait for a connection.
const MAX_CALL_MS = 30_000;

/**
 * Calls a method of one of the application's stores. Whatever a driver throws is rejected as a {@link CalStoreError} without
 * secrets. A call that never ends must not block all callers that wait for this user, and must not keep a lease renewed without end.
 *
 * @param name - For messages: `token store's get()`.
 */
export async function callStore<T>(
  name: string,
  secrets: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await within(work(), { time: { ms: MAX_CALL_MS, message: `The ${name} took too long.` } });
  } catch (error) {
    if (isCalError(error) && error.code !== "timeout") throw error;
    throw new CalStoreError(`The ${name} failed. Nothing was lost; try again.`, {
      cause: redactError(error, secrets),
    });
  }
}
