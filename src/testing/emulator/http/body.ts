import { bare, exception } from "../model/errors.js";
import { parseQuery } from "./query.js";

const LIMIT = 100 * 1024;

/**
 * The body as Cal.com's server reads it, before it looks at the route or at who is asking. `{}` if there is
 * none, or of a type it doesn't read.
 *
 * @param isForm - whether a form is read, too: only the OAuth 2 token endpoint does.
 */
export async function readBody(request: Request, isForm: boolean): Promise<unknown> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const type = request.headers.get("content-type")?.toLowerCase() ?? "";
  const isJson = /^application\/json\s*(;|$)/.test(type);
  if (bytes.length === 0 || !(isJson || (isForm && type.startsWith("application/x-www-form-urlencoded"))))
    return {};

  const encoding = request.headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (!["identity", "gzip", "deflate"].includes(encoding))
    throw bare(415, `unsupported content encoding "${encoding}"`);
  if (bytes.length > LIMIT) throw bare(413, "request entity too large");
  const charset = /charset=["']?([^;"'\s]+)/.exec(type)?.[1] ?? "utf-8";
  if (isJson && !charset.startsWith("utf-"))
    throw bare(415, `unsupported charset "${charset.toUpperCase()}"`);

  const text = new TextDecoder().decode(encoding === "identity" ? bytes : await unpack(bytes, encoding));
  return isJson ? parseJson(text) : parseQuery(text);
}

async function unpack(bytes: Uint8Array<ArrayBuffer>, encoding: string): Promise<ArrayBuffer> {
  try {
    const stream = new Blob([bytes])
      .stream()
      .pipeThrough(new DecompressionStream(encoding as CompressionFormat));
    return await new Response(stream).arrayBuffer();
  } catch {
    // The bytes aren't what the header says.
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
