/** The environment variables; none in a runtime without `process`, such as some Workers. */
export function processEnv(): Record<string, string | undefined> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env ?? {};
}

// Set by runtimes that may stop a process, or all of its work, once a response was sent.
const SERVERLESS_VARIABLES = ["AWS_LAMBDA_FUNCTION_NAME", "VERCEL", "NETLIFY", "K_SERVICE"];

/** Whether work that no request waits for is carried out to its end. */
export function isLongLived(): boolean {
  const { navigator, EdgeRuntime } = globalThis as {
    navigator?: { userAgent?: string };
    EdgeRuntime?: unknown;
  };
  if (navigator?.userAgent === "Cloudflare-Workers" || EdgeRuntime !== undefined) return false;
  return !SERVERLESS_VARIABLES.some(isSet);
}

function isSet(name: string): boolean {
  try {
    return processEnv()[name] !== undefined;
  } catch {
    // Deno without the permission to read the environment throws. None of the runtimes in question does.
    return false;
  }
}
