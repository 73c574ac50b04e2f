// A Web Worker that gets shards: from storage, or from the network and then into storage. It takes {id, url, name, bytes,
// sha256, fresh} and {id, cancel}, and answers with {id, loaded, begun} as bytes come, begun those that were here, and at last
// {id, data, from, kept, mended, refused} or {id, error}. It works beside the engine, so that the next shard comes while one is
// on its way to the device.
import { download } from "./lib/download.js";
import { matches } from "./lib/hash.js";
import { Store } from "./lib/store.js";

const least = 1 << 16; // bytes of a shard for whose parts there is a file

const store = Store.open("shards");
const running = new Map(); // AbortControllers by id

addEventListener("message", async ({ data: { id, cancel, ...shard } }) => {
  if (cancel) return running.get(id)?.abort();
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const got = await get(controller.signal, shard, (loaded, begun) => postMessage({ id, loaded, begun }));
    postMessage({ id, ...got }, [got.data.buffer]);
  } catch (error) {
    postMessage({ id, error: error.message });
  } finally {
    running.delete(id);
  }
});

async function get(signal, { url, name, bytes, sha256, fresh }, report) {
  const shelf = await store;
  const kept = await shelf.read(name);
  if (kept && !fresh && await matches(kept, sha256)) return { data: kept, from: "storage", kept: true, refused: shelf.refused };
  // What is kept here needs no second copy in the browser's cache, and one that was wrong must not come again from it.
  const cache = fresh || kept ? "reload" : shelf.refused ? "default" : "no-store";
  const part = url && bytes >= least ? await shelf.begin(name) : undefined;
  const data = await whole(signal, url, bytes, sha256, cache, report, part).catch((error) => {
    part?.close();
    if (!kept) throw error;
    throw new Error(`the copy in this browser is damaged (its SHA-256 is another), and ${error.message}`, { cause: error });
  });
  await part?.remove();
  return { data, from: "network", kept: await shelf.write(name, data), mended: Boolean(kept), refused: shelf.refused };
}

/** A file whose hash is right: where the part that was here is not, from its beginning. */
async function whole(signal, url, bytes, sha256, cache, report, part) {
  // Of a model that was added by hand nothing is to be had elsewhere.
  if (!url) throw new Error("nothing but its folder has it: add that again");
  for (;;) {
    const data = await download(signal, url, bytes, cache, report, part);
    if (await matches(data, sha256)) return data;
    const again = part?.begun.length;
    part?.empty();
    if (!again) throw new Error("what the server sent is damaged: its SHA-256 is another");
  }
}
