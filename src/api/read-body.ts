import { readText } from "../lib/read-text.js";

/** The longest body that is read. Cal.com's longest responses, lists of some hundred calendars, are a few hundred kB. */
export const MAX_BODY_MB = 16;
const MAX_BODY_BYTES = MAX_BODY_MB * 2 ** 20;

/**
 * The text of a response's body, or `null` if it is too long. A broken proxy may send gigabytes within the time limit of
 * one call.
 */
export async function readBody(response: Response): Promise<string | null> {
  const { headers, body } = response;
  const announced = Number(headers.get("content-length") ?? NaN);
  // Never longer than Content-Length says, unless it is compressed.
  if (announced <= MAX_BODY_BYTES && !headers.has("content-encoding")) return response.text();
  // No body, or a custom `fetch` without Web streams.
  if (typeof body?.getReader !== "function") return response.text();
  if (!(announced > MAX_BODY_BYTES)) return readText(body, MAX_BODY_BYTES);
  // Closes the connection. A failure to close it changes nothing.
  body.cancel().catch(() => undefined);
  return null;
}
