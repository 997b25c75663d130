import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { serve } from "./framework-servers.js";

/** Hands a request to a platform's function, in the form that the platform has for it. */
export type PlatformHandle = (incoming: IncomingMessage, body: string, origin: string) => Promise<Response>;

/** A server with a sign-in and a page `/settings` of its own. All other requests are for the function. */
export function servePlatform(handle: PlatformHandle): ReturnType<typeof serve> {
  return serve((incoming, outgoing) => {
    void (async () => {
      const origin = `http://${incoming.headers.host ?? ""}`;
      const response = await respond(incoming, await bodyOf(incoming), origin);
      response.headers.forEach((value, name) => {
        if (name !== "set-cookie") outgoing.setHeader(name, value);
      });
      outgoing.setHeader("set-cookie", response.headers.getSetCookie());
      outgoing.writeHead(response.status).end(await response.text());
    })().catch((error: unknown) => outgoing.destroy(error as Error));
  });

  async function respond(incoming: IncomingMessage, body: string, origin: string): Promise<Response> {
    if (incoming.url === "/sign-in") {
      const cookie = `session=${new URLSearchParams(body).get("user") ?? ""}; Path=/; SameSite=Lax`;
      return new Response(null, { status: 303, headers: { location: "/settings", "set-cookie": cookie } });
    }
    if (incoming.url?.startsWith("/settings")) return new Response("settings");
    return handle(incoming, body, origin);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The request as a Web Request, as Vercel and Workers hand it over. */
export function webRequest(incoming: IncomingMessage, body: string, origin: string): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value));
  const hasBody = incoming.method !== "GET";
  return new Request(origin + (incoming.url ?? ""), {
    method: incoming.method ?? "GET",
    headers,
    ...(hasBody && { body }),
  });
}

/** The variables of an application on such a server. */
export function platformVariables(
  emulator: { clientId: string; clientSecret: string },
  calUrl: string,
  origin: string,
): Record<string, string> {
  return {
    CAL_CLIENT_ID: emulator.clientId,
    CAL_CLIENT_SECRET: emulator.clientSecret,
    CAL_API_URL: calUrl,
    CAL_STATE_SECRET: "3f1c9a7e5b2d8046af91c3e7d5b80a24",
    CAL_TOKEN_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString("base64")}`,
    APP_URL: origin,
    NEXT_PUBLIC_CALENDAR_SUCCESS_URL: "/settings",
  };
}
