/** Runs the cases of a contract one after another, and prints a line for each. */
export async function runContract(cases, print) {
  for (const { name, run } of cases) {
    try {
      await run();
      print(`ok ${name}`);
    } catch (error) {
      print(`not ok ${name}: ${error.message} ${String(error.cause ?? "")}`);
    }
  }
  print("end");
}
