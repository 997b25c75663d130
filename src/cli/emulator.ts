import { createCalEmulator } from "../testing/index.js";
import { textOption, UsageError, type Command } from "./command.js";

/** `calbridge emulator`: serves an emulated Cal.com until it is stopped. */
export const emulatorCommand: Command = {
  usage: `calbridge emulator [options]

Serves an emulated Cal.com with its consent pages, for development and tests. It keeps nothing:
when it ends, its users and calendars are gone.

  --port <number>           default: 4010; 0 for any that is free
  --client-id <id>          of the OAuth client; default: test-client
  --client-secret <secret>  its secret; default: test-secret`,

  options: {
    port: { type: "string" },
    "client-id": { type: "string" },
    "client-secret": { type: "string" },
  },

  async run(values, io) {
    const clientId = textOption(values, "client-id");
    const clientSecret = textOption(values, "client-secret");
    const emulator = createCalEmulator({
      ...(clientId !== undefined && { clientId }),
      ...(clientSecret !== undefined && { clientSecret }),
    });
    const server = await listen(emulator, toPort(textOption(values, "port") ?? "4010"));
    io.out(`An emulated Cal.com runs at ${server.url}. Start your application with`);
    io.out(
      `  CAL_API_URL=${server.url} CAL_CLIENT_ID=${emulator.clientId} CAL_CLIENT_SECRET=${secretShown(clientSecret)}`,
    );
    io.out(
      "It keeps nothing: when it is started anew, empty the token table, or restart an application that",
    );
    io.out("uses memoryTokenStore(). Ctrl-C ends it.");
    await io.untilStopped();
    await server.close();
    return 0;
  },
};

// One that was given is known to whoever gave it, and need not stand in a log.
function secretShown(given: string | undefined): string {
  return given === undefined ? "test-secret" : "...";
}

function toPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new UsageError("--port takes a number from 0 to 65535.");
  return port;
}

async function listen(emulator: ReturnType<typeof createCalEmulator>, port: number) {
  try {
    return await emulator.listen({ port });
  } catch (error) {
    const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (isTaken) {
      const other = port < 65_535 ? port + 1 : port - 1;
      throw new UsageError(
        `The port ${port} is taken. Is an emulator running already? Else: --port ${other}, and CAL_API_URL to match.`,
      );
    }
    throw error;
  }
}
