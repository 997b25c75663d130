import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { freePort } from "../../support/free-port.js";
import { applications } from "./applications.js";
import { installApplication } from "./installed-application.js";
import { walkApplication } from "./walk-application.js";

// One after the other: each is installed and built, which takes all of a small machine.
test.each(applications)("$name: connect, return, status, disconnect", async (application) => {
  const installed = await installApplication(application);
  try {
    const emulator = createCalEmulator();
    const calCom = await emulator.listen();
    const port = String(await freePort());
    const origin = `http://127.0.0.1:${port}`;
    const url = `${origin}/shop`;
    const server = await installed.start(`${url}/settings`, {
      PORT: port,
      HOST: "127.0.0.1",
      NITRO_HOST: "127.0.0.1",
      // SvelteKit's adapter for Node.
      ORIGIN: origin,
      APP_URL: url,
      CAL_CLIENT_ID: emulator.clientId,
      CAL_CLIENT_SECRET: emulator.clientSecret,
      CAL_API_URL: calCom.url,
      CAL_STATE_SECRET: randomBytes(32).toString("base64"),
    });
    try {
      await walkApplication({ url, emulator, hasServerPages: application.hasServerPages });
    } finally {
      await server.stop();
      await calCom.close();
    }
    expect(installed.version).toMatch(/^\d+\./);
    console.log(`${application.name}: works with ${application.framework} ${installed.version}`);
  } finally {
    await installed.remove();
  }
});
