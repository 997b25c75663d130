/** A user's id as one word of the shell, without control characters. */
export function showUserId(userId: string): string {
  return /^[\w.@:-]+$/.test(userId) ? userId : JSON.stringify(userId);
}
