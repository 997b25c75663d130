import { serve } from "@hono/node-server";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { createApp } from "./app.js";
import { checkDemo } from "./check.js";
import { startServices } from "./services.js";

const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, port: { type: "string", default: "3000" } },
});

const services = await startServices(process.env);
let origin = "";
const app = createApp(services, () => origin);
const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
  const started = serve(
    { fetch: app.fetch, hostname: "127.0.0.1", port: values.check ? 0 : Number(values.port) },
    () => {
      resolve(started);
    },
  );
});
origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;

const stop = async () => {
  await new Promise((resolve) => server.close(resolve));
  await services.stop();
};

if (values.check) {
  let failed = false;
  try {
    await checkDemo(origin, services);
    process.stdout.write("The demo works.\n");
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    failed = true;
  } finally {
    await stop();
  }
  // Said outright: the embedded Postgres has an exit hook that would answer 0 for us.
  process.exit(failed ? 1 : 0);
} else {
  const cal = services.emulator ? "an emulated Cal.com" : "the real Cal.com";
  process.stdout.write(`The demo runs with ${cal}: open ${origin} (Ctrl-C ends it)\n`);
  process.once("SIGINT", () => void stop());
  process.once("SIGTERM", () => void stop());
}
