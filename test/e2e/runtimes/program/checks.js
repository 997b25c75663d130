import { failures } from "./failures.js";
import { flow } from "./flow.js";
import { handlers } from "./handlers.js";
import { stores } from "./stores.js";

/** What every runtime has to pass. */
export const checks = [...flow, ...failures, ...handlers, ...stores];

/** Runs checks, one after the other, and tells of each in a line. */
export async function run(checks, modules, tell, around = {}) {
  for (const { name, run } of checks) {
    try {
      await run(modules, around);
      tell(`ok ${name}`);
    } catch (error) {
      tell(`not ok ${name}: ${String(error?.stack ?? error).replaceAll("\n", " | ")}`);
    }
  }
  tell("end");
}
