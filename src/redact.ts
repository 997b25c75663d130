const REDACTED = "[redacted]";

/** Shapes that are secret wherever they stand: tokens, authorization values, and what a URL carries. */
const secretShapes: readonly [RegExp, string][] = [
  // Everything behind a URL's path, and credentials before its host.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'@]*@/gi, `$1${REDACTED}@`],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s?#"']*)[?#][^\s"']*/gi, `$1?${REDACTED}`],
  // JWS and JWE: base64url of `{"`, whole or cut short.
  [/\beyJ[\w-]*(?:\.[\w-]*)*/g, REDACTED],
  [/\b(bearer|basic)\s+[^\s"',;]+/gi, `$1 ${REDACTED}`],
  // name=value, name: value and "name":"value" for names that only ever hold secrets.
  [
    /((?:access|refresh|id)_?token|client_?secret|secret_?key|api_?key|password|passwd|code_?verifier)((?:\\?["'])?\s*[:=]\s*(?:\\?["'])?)[^\s"'\\,;&}]+/gi,
    `$1$2${REDACTED}`,
  ],
];

// Below this length, cutting a secret's every occurrence out of a text would leave a riddle.
const SHORTEST_CUT = 4;

/**
 * The text without the given secrets, in any of the spellings they travel in, and without anything that
 * has the shape of a secret.
 */
export function redact(text: string, secrets: Iterable<string> = []): string {
  let result = text;
  const spellings = new Set<string>();
  for (const secret of secrets) {
    if (secret === "") continue;
    if (secret.length < SHORTEST_CUT && text.includes(secret)) return REDACTED;
    for (const spelling of spellingsOf(secret)) spellings.add(spelling);
  }
  // The longest first: a secret may hold another.
  for (const spelling of [...spellings].sort((a, b) => b.length - a.length)) {
    result = result.replaceAll(spelling, REDACTED);
  }
  for (const [shape, replacement] of secretShapes) result = result.replace(shape, replacement);
  return result;
}

function spellingsOf(secret: string): string[] {
  const quoted = JSON.stringify(secret).slice(1, -1);
  const wellFormed = secret.toWellFormed();
  const encoded = encodeURIComponent(wellFormed);
  return [
    secret,
    quoted,
    JSON.stringify(quoted).slice(1, -1),
    encoded,
    encodeURIComponent(encoded),
    new URLSearchParams([["", wellFormed]]).toString().slice(1),
  ];
}

/**
 * A copy of a foreign error (a driver's, a runtime's) that is fit to be a `cause`: its name, code, message
 * and stack with secrets taken out, and none of its other properties, which may hold a request, a row or
 * a query's parameters.
 */
export function redactError(error: unknown, secrets: Iterable<string> = []): Error {
  const known = [...secrets];
  if (!(error instanceof Error)) return new Error(redact(describe(error), known));
  const message = redact(error.message, known);
  const copy = new Error(
    message,
    error.cause === undefined ? undefined : { cause: redactError(error.cause, known) },
  );
  Object.defineProperty(copy, "name", { value: redact(error.name, known), configurable: true });
  if (error.stack !== undefined) copy.stack = redact(error.stack, known);
  const code: unknown = (error as { code?: unknown }).code;
  if (typeof code === "string" && /^\w{1,64}$/.test(code)) Object.assign(copy, { code: redact(code, known) });
  return copy;
}

function describe(value: unknown): string {
  return typeof value === "string" ? value : `a thrown ${value === null ? "null" : typeof value}`;
}
