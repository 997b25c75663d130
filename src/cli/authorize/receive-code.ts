import { createServer, type Server } from "node:http";
import { UsageError } from "../command.js";

/** What Cal.com sent the browser back with. */
export type Authorization = { code: string } | { error: string };

/** Waits for the browser at the redirect URI, which is one of this machine. */
export interface CodeListener {
  /** The first redirect that carries the state. */
  received: Promise<Authorization>;
  close(): Promise<void>;
}

/** Listens where the redirect URI points to. */
export async function listenForCode(redirectUri: URL, state: string): Promise<CodeListener> {
  let resolve!: (authorization: Authorization) => void;
  const received = new Promise<Authorization>((settle) => (resolve = settle));
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const url = URL.canParse(path, redirectUri.href) ? new URL(path, redirectUri) : undefined;
    const authorization = url?.pathname === redirectUri.pathname ? readRedirect(url, state) : undefined;
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Connection", "close");
    if (!authorization) {
      // A browser's request for an icon, or a page that another person started.
      response.writeHead(404).end("This is not the redirect that calbridge authorize waits for.");
      return;
    }
    response.end("Go back to the terminal: calbridge authorize goes on there. This page can be closed.");
    resolve(authorization);
  });
  await listen(server, redirectUri);
  return {
    received,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reads the redirect; `undefined` if it does not carry the state. */
export function readRedirect({ searchParams }: URL, state: string): Authorization | undefined {
  if (searchParams.get("state") !== state) return undefined;
  const code = searchParams.get("code");
  if (code) return { code };
  const error = searchParams.get("error") ?? "no code and no error";
  return { error: /^[\w ]{1,60}$/.test(error) ? error : "an error that is no word" };
}

async function listen(server: Server, { hostname, port }: URL): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || 80 }, resolve);
    });
  } catch (error) {
    const { code } = error as { code?: unknown };
    throw new UsageError(
      `The command can't listen at ${hostname}:${port || "80"} (${String(code)}). Use --port with another registered redirect URI, or --paste.`,
    );
  }
}
