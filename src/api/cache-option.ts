let isTaken: boolean | undefined;

/**
 * Whether requests take the option `cache`. Cloudflare Workers throw for it, unless a compatibility flag is set. The
 * result is kept: it is the same for all requests of a process.
 */
export function takesCacheOption(): boolean {
  return (isTaken ??= tryCacheOption());
}

function tryCacheOption(): boolean {
  try {
    new Request("https://localhost/", { cache: "no-store" });
    return true;
  } catch {
    // Whatever the runtime throws here: it would throw it for each request too.
    return false;
  }
}
