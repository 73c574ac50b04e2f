// The service worker: keeps the shell (shell.go, which puts `const shell` before this) as one version, and answers for it. All
// else, shards above all, is between the page and the network. A new version comes in beside the one in use, and takes over
// when the page says so.

const scope = registration.scope;
const prefix = `counterpoint-shell ${scope} `; // other folders of the same origin may have an app of their own
const cacheName = prefix + shell.version;

/** Some hosts redirect index.html to its folder, and redirected answers open no page. */
const urlOf = (file) => new URL(file === "index.html" ? "./" : file, scope).href;

const files = new Map(Object.keys(shell.files).map((file) => [urlOf(file), file]));
files.set(new URL("index.html", scope).href, "index.html");

addEventListener("install", (event) => {
  // Else Chromium asks the network too while it starts the worker.
  event.addRoutes?.({ condition: { requestMethod: "GET" }, source: "fetch-event" });
  event.waitUntil(install());
});

addEventListener("activate", (event) => event.waitUntil(others().then((names) => Promise.all(names.map((name) => caches.delete(name))))));

addEventListener("message", (event) => {
  if (event.data.type === "take over") event.waitUntil(skipWaiting());
  // A page that came from the network is served from here on only if it is of this version.
  if (event.data.type === "claim") event.waitUntil(claim(event));
});

async function claim({ data, ports: [port] }) {
  const same = data.version === shell.version;
  if (same) await clients.claim();
  port.postMessage(same);
}

addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const file = method === "GET" && files.get(url.replace(/[?#].*/, ""));
  if (file) event.respondWith(answer(file, event.request));
});

/** From the network only where the browser has cleared the whole cache away. */
async function answer(file, request) {
  return await caches.match(urlOf(file), { cacheName }) ?? fetch(request);
}

/** The caches of other versions. */
async function others() {
  return (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName);
}

async function install() {
  const cache = await caches.open(cacheName);
  const before = await others();
  try {
    await Promise.all(Object.keys(shell.files).map(async (file) => {
      const { type } = shell.files[file];
      const headers = { ...shell.headers, "Content-Type": type };
      await cache.put(urlOf(file), new Response(await content(file, before), { headers }));
    }));
  } catch (error) {
    await caches.delete(cacheName);
    throw error;
  }
}

/** A file as it is in this version: from a version before, or the network. */
async function content(file, before) {
  const sources = [
    ...before.map((name) => () => caches.match(urlOf(file), { cacheName: name })),
    () => fetch(urlOf(file)),
    () => fetch(urlOf(file), { cache: "reload" }),
  ];
  for (const source of sources) {
    const response = await source();
    if (!response?.ok) continue;
    const bytes = await response.arrayBuffer();
    if (await digest(bytes) === shell.files[file].sha256) return bytes;
  }
  throw new Error(`${file} of version ${shell.version} can't be had`);
}

async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
