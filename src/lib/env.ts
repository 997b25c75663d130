/** `process.env`, or an empty object where the runtime has no `process`, such as Workers. */
export function processEnv(): Record<string, string | undefined> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env ?? {};
}
