/** Reads a body as text, up to a number of bytes; `null` if it is longer. Rejects with the stream's error. */
export async function readText(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<string | null> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > maxBytes) break;
    text += decoder.decode(value, { stream: true });
  }
  // Not awaited: in some runtimes the promise never settles.
  reader.cancel().catch(() => undefined);
  return null;
}
