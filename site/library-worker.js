// A Web Worker that knows which models are in storage: their manifests, and by them which shards belong to which. It takes
// {id, type, …} and answers with {id, progress} and at last {id, result} or {id, error}.
import { matches, sha256 } from "./lib/hash.js";
import { Store } from "./lib/store.js";

const mostBytes = 16e6; // of a manifest

const stores = Promise.all([Store.open("models"), Store.open("shards")]);

addEventListener("message", async ({ data: { id, type, ...fields } }) => {
  try {
    postMessage({ id, result: await actions[type](fields, (progress) => postMessage({ id, progress })) });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
});

const actions = {
  async list() {
    const [models, shards] = await stores;
    const sizes = await shards.sizes();
    const list = [];
    const listed = new Set();
    for (const [id, manifest] of await manifests()) {
      list.push(entry(id, manifest, sizes));
      for (const { name } of manifest.shards) listed.add(name);
    }
    const stray = [...sizes].reduce((sum, [name, size]) => sum + (listed.has(name) ? 0 : size), 0);
    return { models: list, stray, refused: models.refused || shards.refused };
  },

  async keep({ manifest }) {
    const [models, shards] = await stores;
    const bytes = new Uint8Array(manifest);
    const id = await sha256(bytes);
    if (!(await models.sizes()).has(id)) await models.write(id, bytes);
    return entry(id, read(bytes), await shards.sizes());
  },

  async manifest({ model }) {
    const [models] = await stores;
    const bytes = await models.read(model);
    return bytes && await matches(bytes, model) ? bytes.buffer : undefined;
  },

  async add({ files }, report) {
    const [, shards] = await stores;
    const file = files.find(({ name }) => name === "manifest.json");
    if (!file) throw new Error("there is no manifest.json in it: a model’s folder is what “counterpoint pack” makes");
    if (file.size > mostBytes) throw new Error("its manifest.json is larger than any model’s");
    const manifest = await file.arrayBuffer();
    const list = read(new Uint8Array(manifest)).shards;
    const total = list.reduce((sum, { bytes }) => sum + bytes, 0);
    let loaded = 0;
    for (const { name, bytes, sha256: hash } of list) {
      const found = files.find((each) => each.name === name);
      if (!found) throw new Error(`the shard ${name} is missing in it`);
      const data = found.size === bytes && new Uint8Array(await found.arrayBuffer());
      if (!data || !await matches(data, hash)) throw new Error(`the shard ${name} is damaged: its SHA-256 is another`);
      if ((await shards.sizes()).get(name) !== bytes) await shards.write(name, data);
      if (shards.refused) throw new Error(`it can’t be kept: ${shards.refused}`);
      report({ loaded: (loaded += bytes), total });
    }
    return actions.keep({ manifest });
  },

  async remove({ model }) {
    const [models, shards] = await stores;
    await models.remove(model);
    const others = new Set((await manifests()).flatMap(([, { shards: list }]) => list.map(({ name }) => name)));
    for (const name of (await shards.sizes()).keys()) if (!others.has(name)) await shards.remove(name);
  },
};

/** All manifests that can be read, by id. */
async function manifests() {
  const [models] = await stores;
  const found = [];
  for (const id of (await models.sizes()).keys()) {
    try {
      found.push([id, read(await models.read(id))]);
    } catch {
      await models.remove(id); // a part of one, or of another version
    }
  }
  return found;
}

/** What is of use here of a manifest; the engine judges all of it. */
function read(bytes) {
  let manifest;
  try {
    manifest = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new Error(`its manifest.json can’t be read: ${error.message}`, { cause: error });
  }
  const list = manifest?.shards;
  const good = ({ sha256: hash, compression, bytes: size }) => /^[0-9a-f]{64}$/.test(hash) && ["raw", "zst"].includes(compression) && Number.isSafeInteger(size);
  if (!Array.isArray(list) || !list.every((each) => each && good(each))) throw new Error("its manifest.json is no packed model’s");
  const shards = list.map(({ sha256: hash, compression, bytes: size }) => ({ name: `${hash}.${compression}`, sha256: hash, bytes: size }));
  return { name: String(manifest.name), profile: String(manifest.profile), shards };
}

function entry(id, { name, profile, shards }, sizes) {
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const stored = shards.reduce((sum, shard) => sum + (sizes.get(shard.name) === shard.bytes ? shard.bytes : 0), 0);
  return { id, name, profile, bytes, stored };
}
