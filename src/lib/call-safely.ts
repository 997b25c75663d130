/**
 * Calls a function of the application, such as a hook, and calls `onFailure` if it throws or its promise rejects. The
 * result is not awaited. An unhandled rejection would end the process.
 */
export function callSafely(call: () => unknown, onFailure: () => void): void {
  try {
    const result = call();
    // Not `instanceof Promise`: Jest and node:vm run code with a Promise class of their own.
    if (isThenable(result)) result.then(undefined, onFailure);
  } catch {
    onFailure();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
