/** The environment, where there is one: Workers may have no `process`. */
export function processEnv(): Record<string, string | undefined> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env ?? {};
}
