import { createCalEmulator, type EmulatorOAuth2Client } from "../testing/index.js";
import { textOption, UsageError, type Command } from "./command.js";

const OAUTH_CLIENT_ID = "test-oauth-client";
const OAUTH_CLIENT_SECRET = "test-oauth-secret";
// The handlers' route in the application of docs/getting-started.md.
const OAUTH_REDIRECT_URI = "http://localhost:3000/api/cal/oauth/callback";

/** `calbridge emulator`: runs an emulated Cal.com until it is stopped. */
export const emulatorCommand: Command = {
  usage: `calbridge emulator [options]

Runs an emulated Cal.com with its consent pages, for development and tests. It stores users and calendars
in memory only: they are lost when it stops.

  --port <number>           default: 4010; 0 for any free port
  --client-id <id>          id of the platform client; default: test-client
  --client-secret <secret>  secret of the platform client; default: test-secret
  --oauth-redirect-uri <uri>
                            where the authorize page of OAuth 2 leads back to; default:
                            ${OAUTH_REDIRECT_URI}`,

  options: {
    port: { type: "string" },
    "client-id": { type: "string" },
    "client-secret": { type: "string" },
    "oauth-redirect-uri": { type: "string" },
  },

  async run(values, io) {
    const clientId = textOption(values, "client-id");
    const clientSecret = textOption(values, "client-secret");
    const emulator = createCalEmulator({
      ...(clientId !== undefined && { clientId }),
      ...(clientSecret !== undefined && { clientSecret }),
      oauth2: { clients: [oauthClientOf(textOption(values, "oauth-redirect-uri") ?? OAUTH_REDIRECT_URI)] },
    });
    const server = await listen(emulator, toPort(textOption(values, "port") ?? "4010"));
    io.out(`The emulated Cal.com runs at ${server.url}. Start your application with`);
    io.out(
      `  CAL_API_URL=${server.url} CAL_CLIENT_ID=${emulator.clientId} CAL_CLIENT_SECRET=${secretShown(clientSecret)}`,
    );
    io.out("or, for users with Cal.com accounts of their own (OAuth 2), with");
    io.out(
      `  CAL_API_URL=${server.url} CAL_OAUTH_CLIENT_ID=${OAUTH_CLIENT_ID} CAL_OAUTH_CLIENT_SECRET=${OAUTH_CLIENT_SECRET} CAL_AUTHORIZE_URL=${emulator.oauth2.authorizeUrl}`,
    );
    io.out("It stores everything in memory only. After a restart of the emulator, empty the token table, or");
    io.out("restart an application that uses memoryTokenStore(). Stop the emulator with Ctrl-C.");
    await io.untilStopped();
    await server.close();
    return 0;
  },
};

/** The OAuth 2 client of the emulated Cal.com. */
function oauthClientOf(redirectUri: string): EmulatorOAuth2Client {
  if (!URL.canParse(redirectUri)) throw new UsageError("--oauth-redirect-uri must be an absolute URL.");
  return {
    id: OAUTH_CLIENT_ID,
    secret: OAUTH_CLIENT_SECRET,
    name: "Your application",
    redirectUris: [redirectUri],
    scopes: ["APPS_READ", "APPS_WRITE", "PROFILE_READ"],
  };
}

// Don't print a secret that the user has set: the output may be kept in a log.
function secretShown(given: string | undefined): string {
  return given === undefined ? "test-secret" : "...";
}

function toPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new UsageError("--port must be a number from 0 to 65535.");
  return port;
}

async function listen(emulator: ReturnType<typeof createCalEmulator>, port: number) {
  try {
    return await emulator.listen({ port });
  } catch (error) {
    const isInUse = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (isInUse) {
      const other = port < 65_535 ? port + 1 : port - 1;
      throw new UsageError(
        `Port ${port} is already in use. Check whether an emulator is running. For another port, use --port ${other} and change CAL_API_URL.`,
      );
    }
    throw error;
  }
}
