/** The names in a list that is separated by spaces or commas. */
export function namesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
}
