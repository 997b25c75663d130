import { parseArgs } from "node:util";
import { checkDemo } from "./check.js";
import { linkUser } from "./services.js";
import { startDemo } from "./start.js";

const { values } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    otel: { type: "boolean", default: false },
    port: { type: "string", default: "3000" },
  },
});

/** Ends the process with the message of an error. */
function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

const port = Number(values.port);
if (!/^\d+$/.test(values.port) || port > 65_535) fail("--port takes a number from 0 to 65535.");
const telemetry = values.otel ? (await import("./otel.js")).printSpans() : undefined;
const demo = await startDemo(process.env, { port: values.check ? 0 : port, telemetry }).catch(fail);

if (values.check) {
  try {
    await checkDemo(demo);
  } catch (error) {
    await demo.stop();
    fail(error);
  }
  await demo.stop();
  process.stdout.write("The demo works.\n");
  process.exit();
}

// Ada begins without an account at Cal.com, and gets a managed user.
if (demo.services.emulator) {
  await linkUser(demo.services, demo.origin, { userId: "01J0GRACE", person: "grace" });
}
const cal = demo.services.emulator ? "the emulated Cal.com" : "the real Cal.com";
process.stdout.write(`The demo runs with ${cal}: open ${demo.origin} (stop it with Ctrl-C)\n`);
const stop = (): void => {
  void demo.stop().then(() => process.exit(0));
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
