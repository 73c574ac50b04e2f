/**
 * Fetches a file of known size.
 * @param {AbortSignal} signal
 * @param {string} url
 * @param {number} size in bytes; longer or shorter answers are refused
 * @param {RequestCache} cache
 * @param {(received: number) => void} report called as bytes come
 * @returns {Promise<Uint8Array>}
 */
export async function download(signal, url, size, cache, report) {
  const response = await fetch(url, { signal, cache }).catch((error) => {
    signal.throwIfAborted();
    throw new Error("the network is down, or the server does not answer", { cause: error });
  });
  if (!response.ok) throw new Error(`the server answers with status ${response.status}`);
  const bytes = new Uint8Array(size);
  let received = 0;
  for await (const part of parts(response.body)) {
    if (received + part.length > size) throw new Error(`the server sent more than ${size} bytes`);
    bytes.set(part, received);
    received += part.length;
    report(received);
  }
  if (received < size) throw new Error(`the connection broke after ${received} of ${size} bytes`);
  return bytes;
}

/** A stream's parts. (Safari's streams are no async iterables.) */
async function* parts(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
