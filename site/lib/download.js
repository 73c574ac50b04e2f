const most = 8; // tries, of which each brings something

/**
 * Fetches a file of known size. Where the connection breaks it goes on from there, if the server can send a part.
 * @param {AbortSignal} signal
 * @param {string} url
 * @param {number} size in bytes; longer or shorter answers are refused
 * @param {RequestCache} cache
 * @param {(received: number, begun: number) => void} report called as bytes come, with how many were here before
 * @param {{begun: Uint8Array, write: (bytes: Uint8Array, at: number) => void}} [part] what is here of it, and keeps what comes
 * @returns {Promise<Uint8Array>}
 */
export async function download(signal, url, size, cache, report, part) {
  const bytes = new Uint8Array(size);
  let begun = part && part.begun.length <= size ? part.begun.length : 0;
  if (begun) {
    bytes.set(part.begun);
    report(begun, begun);
  }
  let received = begun;
  for (let tries = 1; received < size; tries++) {
    const before = received;
    const response = await request(signal, url, size, cache, received);
    if (response.status !== 206) received = begun = 0;
    try {
      for await (const piece of pieces(response.body)) {
        if (received + piece.length > size) throw new RangeError(`the server sent more than ${size} bytes`);
        bytes.set(piece, received);
        part?.write(piece, received);
        received += piece.length;
        report(received, begun);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RangeError) throw error;
    }
    if (received < size && (received <= before || tries === most)) throw new Error(`the connection broke after ${received} of ${size} bytes`);
  }
  return bytes;
}

/** Asks for a file from a byte on; the answer is of status 206 if it begins there. */
async function request(signal, url, size, cache, from) {
  const headers = from ? { Range: `bytes=${from}-` } : {};
  const response = await fetch(url, { signal, cache, headers }).catch((error) => {
    signal.throwIfAborted();
    throw new Error("the network is down, or the server does not answer", { cause: error });
  });
  if (from && response.status !== 200 && !continues(response, size, from)) {
    response.body?.cancel();
    return request(signal, url, size, cache, 0);
  }
  if (!response.ok) throw new Error(`the server answers with status ${response.status}`);
  return response;
}

/** Whether an answer is a file of that size from a byte on. (A part of a compressed file would be of other bytes.) */
function continues({ status, headers }, size, from) {
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("Content-Range")) ?? [];
  return status === 206 && Number(first) === from && (total === "*" || Number(total) === size) && !headers.has("Content-Encoding");
}

/** A stream's pieces. (Safari's streams are no async iterables.) */
async function* pieces(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
