import { CalStoreError } from "../../errors.js";
import { redactError } from "../../lib/redact.js";

/** What to do about the errors that an application can do something about. Redis's messages begin with a code. */
const advice: readonly { message: RegExp; advice: string }[] = [
  { message: /^(NOAUTH|WRONGPASS)\b/, advice: "Redis wants other credentials." },
  {
    message: /^NOPERM\b/,
    advice: "The user of Redis needs EVAL, and the commands for hashes, sorted sets and strings.",
  },
  { message: /^READONLY\b/, advice: "This is a replica: connect to the primary." },
  {
    message: /^OOM\b/,
    advice:
      "Redis is full (maxmemory). Tokens are not a cache: they need maxmemory-policy noeviction, and space.",
  },
  {
    message: /^WRONGTYPE\b/,
    advice: "Something else uses the same keys: choose another prefix.",
  },
];

/** What a client threw, as an error of this package. The cause keeps the client's message, without the secrets. */
export function redisError(action: string, error: unknown, secrets: Iterable<string>): CalStoreError {
  const cause = redactError(error, secrets);
  const known = advice.find(({ message }) => message.test(cause.message));
  const reason = /^[A-Z]+ /.test(cause.message) ? "Redis refused" : "Redis or its client failed";
  return new CalStoreError(`Could not ${action}: ${reason}.${known ? ` ${known.advice}` : ""}`, { cause });
}
