/**
 * The seed of a property test: another one each time, or CALBRIDGE_SEED. Printed also when the test passes, so that the log
 * says which stories were seen.
 */
export function seedOf(name: string): number {
  const given = process.env["CALBRIDGE_SEED"];
  const seed = given === undefined ? Date.now() % 2 ** 31 : Number(given);
  console.info(`${name}: CALBRIDGE_SEED=${String(seed)}`);
  return seed;
}
