// Names of fields whose values are secret, as Cal.com's endpoints have them.
const secretName = /token|secret|password|passwd|code|state|key|verifier/i;
const MAX_DEPTH = 8;

/** The values of a request that must not appear in an error, by the names of their fields. */
export function secretValuesIn(value: unknown): string[] {
  const found: string[] = [];
  const collect = (part: unknown, isSecret: boolean, depth: number): void => {
    if (typeof part === "string" && isSecret) found.push(part);
    if (typeof part !== "object" || part === null || depth === 0) return;
    for (const [name, inner] of Object.entries(part)) {
      collect(inner, isSecret || secretName.test(name), depth - 1);
    }
  };
  collect(value, false, MAX_DEPTH);
  return found;
}
