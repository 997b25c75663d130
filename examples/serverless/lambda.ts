import { CalClient, encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";
import { postgresTokenStore } from "calbridge/postgres";
import { Pool } from "pg";
import { signedIn } from "./session.js";

/** The event of a function URL, or of an HTTP API with payload version 2.0: the fields that are used here. */
interface LambdaEvent {
  rawPath: string;
  rawQueryString: string;
  headers: Record<string, string | undefined>;
  cookies?: string[];
  body?: string;
  isBase64Encoded: boolean;
  requestContext: { domainName: string; http: { method: string } };
}

interface LambdaResult {
  statusCode: number;
  headers: Record<string, string>;
  cookies: string[];
  body: string;
}

// Outside of the handler, so that the next request finds the connection and the cache.
const pool = new Pool({ connectionString: process.env["DATABASE_URL"], max: 1 });
// The database may close the connection while the function is frozen. Without a listener that would end the process.
pool.on("error", () => undefined);
const tokenStore = encryptedTokenStore(postgresTokenStore({ client: pool }), {
  keys: encryptionKeysFromEnv(),
});
const client = CalClient.fromEnv({ tokenStore });
const handlers = createCalHandlers.fromEnv({ client, authenticate: signedIn });

export async function handler(event: LambdaEvent): Promise<LambdaResult> {
  return toResult(await handlers.handle(toRequest(event)));
}

function toRequest(event: LambdaEvent): Request {
  const { rawPath, rawQueryString, requestContext, cookies, body, isBase64Encoded } = event;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers))
    if (value !== undefined) headers.set(name, value);
  // Lambda takes cookies out of the headers.
  if (cookies) headers.set("cookie", cookies.join("; "));
  const query = rawQueryString === "" ? "" : `?${rawQueryString}`;
  return new Request(`https://${requestContext.domainName}${rawPath}${query}`, {
    method: requestContext.http.method,
    headers,
    ...(body !== undefined && { body: isBase64Encoded ? Buffer.from(body, "base64") : body }),
  });
}

async function toResult(response: Response): Promise<LambdaResult> {
  const cookies = response.headers.getSetCookie();
  response.headers.delete("set-cookie");
  const headers = Object.fromEntries(response.headers);
  return { statusCode: response.status, headers, cookies, body: await response.text() };
}
