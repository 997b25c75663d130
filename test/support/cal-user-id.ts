/** The Cal.com user of an application user in tests: no two share one. */
export function calUserIdOf(userId: string): number {
  if (userId === "ada") return 101;
  let hash = 1000;
  for (const character of userId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 2_147_483_629;
  return hash + 102;
}
