import { failures } from "./failures.js";
import { flow } from "./flow.js";
import { handlers } from "./handlers.js";
import { stores } from "./stores.js";

/** The checks that pass on all runtimes. */
export const checks = [...flow, ...failures, ...handlers, ...stores];

/** Runs checks, one after the other, and prints a line for each. `config` has the URLs of servers outside the runtime. */
export async function run(checks, modules, print, config = {}) {
  for (const { name, run } of checks) {
    try {
      await run(modules, config);
      print(`ok ${name}`);
    } catch (error) {
      print(`not ok ${name}: ${String(error?.stack ?? error).replaceAll("\n", " | ")}`);
    }
  }
  print("end");
}
