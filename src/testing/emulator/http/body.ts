import { bare, exception, HttpError } from "../model/errors.js";
import type { GrantType } from "../model/request-log.js";
import { parseQuery } from "./query.js";

const MAX_BODY_BYTES = 100 * 1024;

/**
 * Parses the body as Cal.com's server does, before routing and authentication. `{}` if there is no body, or if its
 * type is not parsed.
 *
 * @param isForm - whether forms are parsed too: by the OAuth 2 token endpoint only.
 */
export async function readBody(request: Request, isForm: boolean): Promise<unknown> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const type = request.headers.get("content-type")?.toLowerCase() ?? "";
  const isJson = /^application\/json\s*(;|$)/.test(type);
  const isParsedForm = isForm && type.startsWith("application/x-www-form-urlencoded");
  if (bytes.length === 0 || !(isJson || isParsedForm)) return {};

  const encoding = request.headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (!["identity", "gzip", "deflate"].includes(encoding))
    throw bare(415, `unsupported content encoding "${encoding}"`);
  if (bytes.length > MAX_BODY_BYTES) throw bare(413, "request entity too large");
  const charset = /charset=["']?([^;"'\s]+)/.exec(type)?.[1] ?? "utf-8";
  if (isJson && !charset.startsWith("utf-"))
    throw bare(415, `unsupported charset "${charset.toUpperCase()}"`);

  const text = new TextDecoder().decode(encoding === "identity" ? bytes : await decompress(bytes, encoding));
  return isJson ? parseJson(text) : parseQuery(text);
}

async function decompress(bytes: Uint8Array<ArrayBuffer>, encoding: string): Promise<ArrayBuffer> {
  try {
    const stream = new Blob([bytes])
      .stream()
      .pipeThrough(new DecompressionStream(encoding as CompressionFormat));
    return await new Response(stream).arrayBuffer();
  } catch {
    // The bytes are not compressed as the header says.
    throw bare(400, "incorrect header check");
  }
}

function parseJson(text: string): unknown {
  const first = text.trimStart().charAt(0);
  if (first !== "" && first !== "{" && first !== "[") {
    throw exception(400, `Unexpected token '${first}', "${text}" is not valid JSON`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw exception(400, error instanceof SyntaxError ? error.message : "Malformed JSON");
  }
}

/** Whether a path is OAuth 2's token endpoint, the only one that accepts a form. */
export const isTokenEndpoint = (pathname: string): boolean => /\/v2\/auth\/oauth2\/token\/*$/i.test(pathname);

/** The grant type of a request to the token endpoint. The request can still be read afterwards. */
export async function grantTypeOf(request: Request): Promise<GrantType | undefined> {
  try {
    const body = await readBody(request.clone(), true);
    const { grant_type: type } = body as Record<string, unknown>;
    return type === "authorization_code" || type === "refresh_token" ? type : undefined;
  } catch (error) {
    // A body that Cal.com rejects has no grant type.
    if (error instanceof HttpError) return undefined;
    throw error;
  }
}
