import { parseArgs } from "node:util";
import { checkDemo } from "./check.js";
import { startDemo } from "./start.js";

const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, port: { type: "string", default: "3000" } },
});

const demo = await startDemo(process.env, { port: values.check ? 0 : Number(values.port) });

if (values.check) {
  let failed = false;
  try {
    await checkDemo(demo);
    process.stdout.write("The demo works.\n");
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    failed = true;
  } finally {
    await demo.stop();
  }
  // Explicit, as the exit hook of the embedded Postgres would set the code to 0.
  process.exit(failed ? 1 : 0);
}

const cal = demo.services.emulator ? "the emulated Cal.com" : "the real Cal.com";
process.stdout.write(`The demo runs with ${cal}: open ${demo.origin} (stop it with Ctrl-C)\n`);
const stop = (): void => {
  void demo.stop().then(() => process.exit(0));
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
