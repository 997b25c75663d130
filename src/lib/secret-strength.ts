const MIN_DISTINCT_CHARACTERS = 6;
// Of the groups of three characters next to each other. In random text nearly all are different.
const MIN_SHARE_OF_DISTINCT_GROUPS = 0.6;
const MAX_SHARE_OF_RUNS = 0.6;

/**
 * Whether a secret is so regular that it was not made at random: few different characters, a part that is repeated, or
 * runs such as `aaaa`, `1234` and `zyxw`. Random secrets of 32 characters, hexadecimal or base64, practically never are.
 */
export function isWeakSecret(secret: string): boolean {
  const distinctGroups = new Set(groupsOf(secret)).size / groupsOf(secret).length;
  return (
    new Set(secret).size < MIN_DISTINCT_CHARACTERS ||
    distinctGroups < MIN_SHARE_OF_DISTINCT_GROUPS ||
    runsIn(secret) / secret.length > MAX_SHARE_OF_RUNS
  );
}

function groupsOf(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - 2) }, (_, index) => text.slice(index, index + 3));
}

/** How many characters repeat the one before them, or are its neighbour in the alphabet. */
function runsIn(text: string): number {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  return codes.filter((code, index) => index > 0 && Math.abs(code - (codes[index - 1] ?? 0)) <= 1).length;
}
