/**
 * Lower-case letters for those of ASCII, for addresses that are compared. `toLowerCase()` would make other characters equal
 * as well: the Kelvin sign becomes a k.
 */
export function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
