import {
  createCalEmulator,
  type CalEmulator,
  type CalEmulatorOptions,
  type EmulatorOAuth2Client,
  type EmulatorOAuth2Options,
} from "../testing/index.js";
import { textOption, UsageError, type Command, type OptionValues } from "./command.js";

// Where the handlers' callback is in an application on its usual port, and where `calbridge authorize` waits.
const defaultRedirectUris = [
  "http://localhost:3000/api/cal/oauth/callback",
  "http://localhost:8765/callback",
];

/** `calbridge emulator`: runs an emulated Cal.com until it is stopped. */
export const emulatorCommand: Command = {
  usage: `calbridge emulator [options]

Runs an emulated Cal.com with its consent pages, for development and tests. It stores users and calendars
in memory only: they are lost when it stops.

  --port <number>                 default: 4010; 0 for any free port
  --client-id <id>                id of the platform client, for managed users; default: test-client
  --client-secret <secret>        its secret; default: test-secret
  --oauth-client-id <id>          id of the OAuth 2 client, for people's own accounts; default: test-oauth-client
  --oauth-client-secret <secret>  its secret; default: test-oauth-secret
  --oauth-redirect-uris <uris>    where Cal.com may send the browser back to, with a comma between two; default:
                                  ${defaultRedirectUris.join(",\n                                  ")}
  --oauth-mode <mode>             strict, as hosted Cal.com most likely is, or lenient, as older self-hosted servers
                                  are (with one redirect URI); default: strict`,

  options: {
    port: { type: "string" },
    "client-id": { type: "string" },
    "client-secret": { type: "string" },
    "oauth-client-id": { type: "string" },
    "oauth-client-secret": { type: "string" },
    "oauth-redirect-uris": { type: "string" },
    "oauth-mode": { type: "string" },
  },

  async run(values, io) {
    const clientId = textOption(values, "client-id");
    const clientSecret = textOption(values, "client-secret");
    const oauth = oauthOptionsOf(values);
    const emulator = createEmulator({
      ...(clientId !== undefined && { clientId }),
      ...(clientSecret !== undefined && { clientSecret }),
      oauth2: oauth,
    });
    const server = await listen(emulator, toPort(textOption(values, "port") ?? "4010"));
    io.out(`The emulated Cal.com runs at ${server.url}. Start your application with`);
    io.out(
      `  CAL_API_URL=${server.url} CAL_CLIENT_ID=${emulator.clientId} CAL_CLIENT_SECRET=${secretShown(clientSecret, "test-secret")}`,
    );
    io.out("for managed users; or, for people with Cal.com accounts of their own (OAuth 2), with");
    const [client] = oauth.clients;
    const oauthSecret = secretShown(textOption(values, "oauth-client-secret"), "test-oauth-secret");
    io.out(
      `  CAL_API_URL=${server.url} CAL_AUTHORIZE_URL=${emulator.oauth2.authorizeUrl} CAL_OAUTH_CLIENT_ID=${client.id} CAL_OAUTH_CLIENT_SECRET=${oauthSecret} CAL_OAUTH_REDIRECT_URI=${client.redirectUris[0] ?? ""}`,
    );
    const people = emulator.people.list().map(({ email }) => email);
    io.out(
      `They sign in as ${people.join(" or ")}. \`npx calbridge authorize\` tries it without an application.`,
    );
    io.out("It stores everything in memory only. After a restart of the emulator, empty the token table, or");
    io.out("restart an application that uses memoryTokenStore(). Stop the emulator with Ctrl-C.");
    await io.untilStopped();
    await server.close();
    return 0;
  },
};

// Don't print a secret that the user has set: the output may be kept in a log.
function secretShown(given: string | undefined, byDefault: string): string {
  return given === undefined ? byDefault : "...";
}

type OAuthOptions = EmulatorOAuth2Options & {
  clients: [EmulatorOAuth2Client];
};

function oauthOptionsOf(values: OptionValues): OAuthOptions {
  const mode = textOption(values, "oauth-mode") ?? "strict";
  if (mode !== "strict" && mode !== "lenient") throw new UsageError("--oauth-mode is strict or lenient.");
  const given = textOption(values, "oauth-redirect-uris")
    ?.split(",")
    .map((uri) => uri.trim());
  const redirectUris =
    given ?? (mode === "strict" ? [...defaultRedirectUris] : defaultRedirectUris.slice(0, 1));
  return {
    mode,
    clients: [
      {
        id: textOption(values, "oauth-client-id") ?? "test-oauth-client",
        secret: textOption(values, "oauth-client-secret") ?? "test-oauth-secret",
        name: "Your application",
        redirectUris,
        scopes: ["APPS_READ", "APPS_WRITE", "PROFILE_READ"],
      },
    ],
  };
}

function createEmulator(options: CalEmulatorOptions): CalEmulator {
  try {
    return createCalEmulator(options);
  } catch (error) {
    // Its complaint about an option names no secret.
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
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
