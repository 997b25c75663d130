/** Cal.com's longest answers, lists of some hundred calendars or users, are a few hundred kilobytes. */
export const MAX_BODY_MB = 16;
const MAX_BODY_BYTES = MAX_BODY_MB * 2 ** 20;

/**
 * The text of an answer's body; `null` if it is too long. Nobody knows what a broken proxy sends, and within
 * the time limit of one call gigabytes may come in.
 */
export async function readBody(response: Response): Promise<string | null> {
  const { headers, body } = response;
  const announced = Number(headers.get("content-length") ?? NaN);
  // No more will come than was announced; but what is compressed can be much more than it looks.
  if (announced <= MAX_BODY_BYTES && !headers.has("content-encoding")) return response.text();
  // Nothing, or the body of a `fetch` that has no Web streams.
  if (typeof body?.getReader !== "function") return response.text();
  const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  while (!(announced > MAX_BODY_BYTES) && size <= MAX_BODY_BYTES) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  // Which ends the connection. That it may fail to is nobody's concern any more.
  reader.cancel().catch(() => undefined);
  return null;
}
