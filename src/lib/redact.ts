const REDACTED = "[redacted]";

// Each of these patterns is made so that no text, however long or odd, takes more than linear time.
const urlShape = /[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"']*/gi;

/** Other shapes that are secret wherever they stand: tokens, authorization values, and what a query carries. */
const secretShapes: readonly [RegExp, string][] = [
  // The query of a path without a host, as Cal.com's errors repeat it.
  [/\?[^\s"'=?]*=[^\s"']*/g, `?${REDACTED}`],
  // JWS and JWE: base64url of `{"`, whole or cut short; perhaps right behind a percent-encoded quote.
  [/(?:(?<![A-Za-z])|(?<=%[0-9A-Fa-f]{2}))eyJ[\w-]*(?:\.[\w-]*)*/g, REDACTED],
  [/\b(bearer|basic)\s+[^\s"',;]+/gi, `$1 ${REDACTED}`],
  // name=value, name: value and "name":"value" for names that only ever hold secrets.
  [
    /(token|client[-_]?secret|secret[-_]?key|api[-_]?key|password|passwd|code[-_]?verifier)((?:\\?["']|%22)?\s*(?:[:=]|%3A)\s*(?:\\?["']|%22)?)[^\s"'\\,;&}]+/gi,
    `$1$2${REDACTED}`,
  ],
];

/** A URL without what stands before its host and behind its path. */
function bareUrl(url: string): string {
  const end = url.search(/[?#]/);
  const bare = (end < 0 ? url : url.slice(0, end)).replace(/:\/\/[^/]*@/, `://${REDACTED}@`);
  return end < 0 ? bare : `${bare}?${REDACTED}`;
}

// Below this length, cutting a secret's every occurrence out of a text would leave a riddle.
const MIN_CUT_LENGTH = 4;

/**
 * The text without the given secrets, in any of the spellings they travel in, and without anything that
 * has the shape of a secret.
 */
export function redact(text: string, secrets: Iterable<string> = []): string {
  let result = text;
  const spellings = new Set<string>();
  for (const secret of secrets) {
    if (secret === "") continue;
    if (secret.length < MIN_CUT_LENGTH && text.includes(secret)) return REDACTED;
    for (const spelling of spellingsOf(secret)) spellings.add(spelling);
  }
  // The longest first: a secret may hold another.
  for (const spelling of [...spellings].sort((a, b) => b.length - a.length)) {
    result = result.replaceAll(spelling, REDACTED);
  }
  result = result.replace(urlShape, bareUrl);
  for (const [shape, replacement] of secretShapes) result = result.replace(shape, replacement);
  return result;
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
  // Some write the escapes in small letters.
  const small = percent.map((text) => text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()));
  return [secret, quoted, JSON.stringify(quoted).slice(1, -1), ...percent, ...small];
}

// Some drivers make circles of causes.
const MAX_CAUSE_DEPTH = 8;

/**
 * A copy of a foreign error (a driver's, a runtime's) that is fit to be a `cause`: its name, code, message
 * and stack with secrets taken out, and none of its other properties, which may hold a request, a row or
 * a query's parameters.
 */
export function redactError(error: unknown, secrets: Iterable<string> = []): Error {
  return copyOf(error, [...secrets], MAX_CAUSE_DEPTH);
}

function copyOf(error: unknown, secrets: readonly string[], depth: number): Error {
  if (!isError(error)) return new Error(redact(describe(error), secrets));
  // Whatever a driver puts there, although the types say text.
  const textOf = (value: unknown) => (typeof value === "string" ? redact(value, secrets) : "");
  const hasCause = error.cause !== undefined && depth > 0;
  const copy = new Error(
    textOf(error.message),
    hasCause ? { cause: copyOf(error.cause, secrets, depth - 1) } : undefined,
  );
  Object.defineProperty(copy, "name", { value: textOf(error.name), configurable: true });
  if (error.stack !== undefined) copy.stack = textOf(error.stack);
  const code: unknown = (error as { code?: unknown }).code;
  if (typeof code === "string" && /^\w{1,64}$/.test(code)) Object.assign(copy, { code: textOf(code) });
  return copy;
}

// Also one of another context: where Jest runs, those of `fetch` are.
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

function describe(value: unknown): string {
  return typeof value === "string" ? value : `a thrown ${value === null ? "null" : typeof value}`;
}
