// A Web Worker that gets shards: from storage, or from the network and then into storage. It takes {id, url, name, bytes,
// sha256, fresh} and {id, cancel}, and answers with {id, loaded} as bytes come and at last {id, data, from, kept, mended, refused} or
// {id, error}. It works beside the engine, so that the next shard comes while one is on its way to the device.
import { download } from "./lib/download.js";
import { matches } from "./lib/hash.js";
import { Store } from "./lib/store.js";

const store = Store.open("shards");
const running = new Map(); // AbortControllers by id

addEventListener("message", async ({ data: { id, cancel, ...shard } }) => {
  if (cancel) return running.get(id)?.abort();
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const got = await get(controller.signal, shard, (loaded) => postMessage({ id, loaded }));
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
  const data = await fetched(signal, url, bytes, cache, report).catch((error) => {
    if (!kept) throw error;
    throw new Error(`the copy in this browser is damaged (its SHA-256 is another), and ${error.message}`, { cause: error });
  });
  if (!await matches(data, sha256)) throw new Error("what the server sent is damaged: its SHA-256 is another");
  return { data, from: "network", kept: await shelf.write(name, data), mended: Boolean(kept), refused: shelf.refused };
}

/** Of a model that was added by hand nothing is to be had elsewhere. */
async function fetched(signal, url, ...rest) {
  if (!url) throw new Error("nothing but its folder has it: add that again");
  return download(signal, url, ...rest);
}
