// Runs a program for js/wasm in a Web Worker, as site/worker.js runs the engine. What lies outside is the server's
// (program.go): Go's calls return when they are done, so it is asked synchronously.
import { Files, Node } from "./files.js";

/** @returns {any} the answer: "arraybuffer", "json" or "text" */
function ask(method, url, body = null, type = "text") {
  const request = new XMLHttpRequest();
  request.open(method, url, false);
  request.responseType = type;
  request.send(body);
  if (request.status !== 200) throw new Error(`${method} ${url}: ${request.status} ${request.statusText}`);
  return request.response;
}

let failed = false;

function fail(message) {
  failed = true;
  ask("POST", "/output/2", `wasmtest: ${message}\n`);
}

const exit = (code) => ask("POST", `/exit/${code || Number(failed)}`);

/** Ends a program that can't end itself. */
function stop(event, error) {
  event.preventDefault(); // the page need not hear of it
  fail(error?.stack ?? error);
  exit(1);
}
addEventListener("error", (event) => stop(event, event.error ?? event.message));
addEventListener("unhandledrejection", (event) => stop(event, event.reason));

// No program survives the GPU's process unnoticed.
const requestDevice = globalThis.GPUAdapter?.prototype.requestDevice;
if (requestDevice) {
  GPUAdapter.prototype.requestDevice = async function request(...args) {
    const device = await requestDevice.apply(this, args);
    device.lost.then(({ reason, message }) => { if (reason !== "destroyed") fail(`a GPU device was lost: ${message}`); });
    return device;
  };
}

/** A folder of the module, whose entries are asked for when it is looked into, and its files when they are read. */
const folder = (url) => Node.folder(() => new Map(ask("GET", url, null, "json").map(({ name, isFolder, size, modified }) => {
  const inner = url + encodeURIComponent(name);
  const read = () => new Uint8Array(ask("GET", inner, null, "arraybuffer"));
  return [name, isFolder ? folder(`${inner}/`) : Node.file(read, size, modified)];
})));

const start = ask("GET", "/start", null, "json");
const files = new Files((descriptor, bytes) => { ask("POST", `/output/${descriptor}`, bytes); });
files.mount(start.env.TMPDIR, Node.folder());
files.mount(start.module, folder("/module/"));
files.chdir(start.folder);
globalThis.fs = files.fs;
globalThis.path = { resolve: (path) => files.resolve(path) };
globalThis.process = {
  pid: 1, ppid: 0, getuid: () => 0, getgid: () => 0, geteuid: () => 0, getegid: () => 0, getgroups: () => [], umask: () => 0o22,
  cwd: () => files.cwd(), chdir: (path) => files.chdir(path),
};
await import("./wasm_exec.js");
await import("./module/site/gpu.js");

const go = new Go();
go.argv = start.argv;
go.env = start.env;
go.exit = exit;
const { instance } = await WebAssembly.instantiateStreaming(fetch("/program.wasm"), go.importObject);
await go.run(instance);
