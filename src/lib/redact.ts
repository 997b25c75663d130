const REDACTED = "[redacted]";

// A longer text is cut before it is searched: with a message of some megabytes, the patterns below would block the event
// loop for seconds.
const MAX_LENGTH = 16_384;

// Each of these patterns takes linear time for any text.
const urlShape = /[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"']*/gi;

/** Texts that are secret wherever they occur: tokens, authorization values, and the values of a query. */
const secretShapes: readonly [RegExp, string][] = [
  // The query of a path without a host, as Cal.com's errors repeat it.
  [/\?[^\s"'=?]*=[^\s"']*/g, `?${REDACTED}`],
  // JWS and JWE: base64url of `{"`, whole or cut short; it may follow a percent-encoded quote.
  [/(?:(?<![A-Za-z])|(?<=%[0-9A-Fa-f]{2}))eyJ[\w-]*(?:\.[\w-]*)*/g, REDACTED],
  [/\b(bearer|basic)\s+[^\s"',;]+/gi, `$1 ${REDACTED}`],
  // name=value, name: value and "name":"value" for names that only ever hold secrets.
  [
    /(token|client[-_]?secret|secret[-_]?key|api[-_]?key|password|passwd|code[-_]?verifier)((?:\\?["']|%22)?\s*(?:[:=]|%3A)\s*(?:\\?["']|%22)?)[^\s"'\\,;&}]+/gi,
    `$1$2${REDACTED}`,
  ],
];

/** Removes the credentials, the query and the fragment of a URL. */
function bareUrl(url: string): string {
  const end = url.search(/[?#]/);
  const bare = (end < 0 ? url : url.slice(0, end)).replace(/:\/\/[^/]*@/, `://${REDACTED}@`);
  return end < 0 ? bare : `${bare}?${REDACTED}`;
}

/**
 * Removes the given secrets from a text, in all encodings in which they occur, and everything that has the shape of a
 * secret. The result is one line of at most {@link MAX_LENGTH} characters (longer texts are cut), without control
 * characters, terminal escape sequences and bidirectional formatting, so it can't forge or hide log lines.
 */
export function redact(text: string, secrets: Iterable<string> = []): string {
  return redactWith(knownSecrets(secrets), text);
}

/** The given secrets, prepared for search. */
interface KnownSecrets {
  /** Too short to be cut out: the rest of the text would tell them. A text that holds one is redacted as a whole. */
  short: readonly string[];
  /** The longest first: a secret may hold another. */
  long: readonly string[];
}

const MIN_LENGTH = 4;

function knownSecrets(secrets: Iterable<string>): KnownSecrets {
  const spellings = new Set<string>();
  const short = new Set<string>();
  for (const secret of secrets) {
    if (secret !== "" && secret.length < MIN_LENGTH) short.add(secret);
    if (secret.length < MIN_LENGTH) continue;
    for (const spelling of spellingsOf(secret)) {
      spellings.add(spelling);
      // As it is when control characters have been removed from the text.
      const plain = toPlainText(spelling);
      if (plain.length >= MIN_LENGTH) spellings.add(plain);
      else if (plain !== "") short.add(plain);
    }
  }
  return { short: [...short], long: [...spellings].sort((a, b) => b.length - a.length) };
}

function spellingsOf(secret: string): string[] {
  const quoted = JSON.stringify(secret).slice(1, -1);
  const wellFormed = secret.toWellFormed();
  const encoded = encodeURIComponent(wellFormed);
  const percent = [
    encoded,
    encodeURIComponent(encoded),
    new URLSearchParams([["", wellFormed]]).toString().slice(1),
  ];
  // Percent-encoding with lower-case hexadecimal digits is valid, too.
  const lowerCase = percent.map((text) => text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()));
  return [secret, quoted, JSON.stringify(quoted).slice(1, -1), ...percent, ...lowerCase];
}

function redactWith(known: KnownSecrets, text: string, { keepLines = false } = {}): string {
  const isCut = text.length > MAX_LENGTH;
  const raw = isCut ? withoutCutSecret(text.slice(0, MAX_LENGTH), known) : text;
  if (known.short.some((secret) => raw.includes(secret))) return REDACTED;
  // Before and after the removal of control characters: a secret may hold some, or may be split by some.
  const plain = toPlainText(replaceKnown(raw, known), keepLines);
  if (known.short.some((secret) => plain.includes(secret) && !REDACTED.includes(secret))) return REDACTED;
  let result = replaceKnown(isCut ? withoutCutSecret(plain, known) : plain, known);
  result = result.replace(urlShape, bareUrl);
  for (const [shape, replacement] of secretShapes) result = result.replace(shape, replacement);
  return isCut ? `${result}…` : result;
}

function replaceKnown(text: string, { long }: KnownSecrets): string {
  let result = text;
  for (const secret of long) result = result.replaceAll(secret, REDACTED);
  return result;
}

/** Removes from the end of a text that was cut what may be the first part of a secret. */
function withoutCutSecret(text: string, { short, long }: KnownSecrets): string {
  const secrets = [...short, ...long];
  let end = text.length - Math.max(0, ...secrets.map((secret) => lengthOfStartAtEnd(text, secret)));
  // The last word may be the first part of a URL or a token, which the patterns do not recognise without the rest.
  end = Math.max(text.lastIndexOf(" ", end - 1), text.lastIndexOf("\n", end - 1)) + 1;
  // That may have cut a whole secret in two.
  for (;;) {
    const starts = secrets.map((secret) => ({ secret, start: text.lastIndexOf(secret, end - 1) }));
    const divided = starts.find(({ secret, start }) => start >= 0 && start + secret.length > end);
    if (!divided || end === 0) return text.slice(0, end);
    end = divided.start;
  }
}

/** How many characters at the end of the text are the first characters of the secret. */
function lengthOfStartAtEnd(text: string, secret: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}

// CSI (colours, cursor), OSC (titles, links) and the escape sequences of two characters: ECMA-48.
const escapeSequence = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -~]/g;

/** Removes control and formatting characters, and joins the lines. */
function toPlainText(text: string, keepLines = false): string {
  const lines = text.replace(escapeSequence, "").replace(/\r\n?|[\v\f\x85\u2028\u2029]/g, "\n");
  return lines
    .replace(keepLines ? /\t/g : /[\t\n]+/g, " ")
    .replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === "\n" ? character : ""));
}

// Some drivers make cycles of causes.
const MAX_CAUSE_DEPTH = 8;

/**
 * Copies an error of a driver, a runtime or the application so that it can be a `cause` or a log field: name, code,
 * message and stack, redacted. Other properties are left out: they may hold a request, a row or the parameters of a query.
 */
export function redactError(error: unknown, secrets: Iterable<string> = []): Error {
  return copyOf(error, knownSecrets(secrets), MAX_CAUSE_DEPTH);
}

function copyOf(error: unknown, known: KnownSecrets, depth: number): Error {
  if (!isError(error)) return new Error(redactWith(known, describe(error)));
  // Some drivers put values of other types there.
  const textOf = (value: unknown) => (typeof value === "string" ? redactWith(known, value) : "");
  const hasCause = error.cause !== undefined && depth > 0;
  const copy = new Error(
    textOf(error.message),
    hasCause ? { cause: copyOf(error.cause, known, depth - 1) } : undefined,
  );
  Object.defineProperty(copy, "name", { value: textOf(error.name), configurable: true });
  if (error.stack !== undefined) copy.stack = stackOf(error, copy, known);
  const code: unknown = (error as { code?: unknown }).code;
  if (typeof code === "string" && /^\w{1,64}$/.test(code)) Object.assign(copy, { code: textOf(code) });
  return copy;
}

/** The stack of the copy: its own name and message, then the frames of the original. */
function stackOf({ stack, message }: Error, { name, message: redacted }: Error, known: KnownSecrets): string {
  if (typeof stack !== "string") return "";
  const start = typeof message === "string" && message !== "" ? stack.indexOf(message) : -1;
  // Without the message in it, all of it is frames (Safari), or unknown.
  if (start < 0) return redactWith(known, stack, { keepLines: true });
  const frames = redactWith(known, stack.slice(start + message.length), { keepLines: true });
  return `${name}: ${redacted}${frames}`;
}

// Also an error of another realm: Jest and node:vm run code with an Error class of their own.
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

function describe(value: unknown): string {
  return typeof value === "string" ? value : `a thrown ${value === null ? "null" : typeof value}`;
}
