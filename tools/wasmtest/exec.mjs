#!/usr/bin/env -S node --stack-size=8192
// Runs a Go program for js/wasm in Node, with what a browser has and Node lacks: WebGPU.
//
//   GOOS=js GOARCH=wasm go test -exec "$PWD/tools/wasmtest/exec.mjs" ./engine/device/webgpu/...
//
// It is Go's lib/wasm/go_js_wasm_exec and more. Where COUNTERPOINT_NODE_MODULES names a node_modules folder with the npm
// package webgpu (Dawn; .ci/node-webgpu installs it), there is a navigator.gpu. VK_ICD_FILENAMES chooses a Vulkan driver for
// it, such as the SwiftShader that Chromium carries: /usr/lib/chromium/vk_swiftshader_icd.json on Debian.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [, , program] = process.argv;
if (!program) {
  console.error("usage: exec.mjs PROGRAM.wasm [ARGUMENT...]");
  process.exit(2);
}

// What Go's wasm_exec.js finds in a script of Node's, but not in a module.
Object.assign(globalThis, { require: createRequire(import.meta.url), fs, path });
const root = process.env.GOROOT || execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
await import(pathToFileURL(path.join(root, "lib/wasm/wasm_exec.js")));

const modules = process.env.COUNTERPOINT_NODE_MODULES;
if (modules) await provideWebGPU(path.resolve(modules, "webgpu/index.js"));
await import(new URL("../../site/gpu.js", import.meta.url));

const go = new Go();
go.argv = process.argv.slice(2);
go.env = environment();
go.exit = process.exit;
process.on("exit", (code) => { // Node leaves when nothing can happen any more
  if (code !== 0 || go.exited) return;
  go._pendingEvent = { id: 0 };
  go._resume(); // Go then reports the deadlock
});
const { instance } = await WebAssembly.instantiate(fs.readFileSync(program), go.importObject);
await go.run(instance);

/** Gives this process a navigator.gpu. */
async function provideWebGPU(file) {
  const { create, globals } = await import(pathToFileURL(file));
  Object.assign(globalThis, globals);
  const navigator = globalThis.navigator ?? {};
  Object.defineProperty(navigator, "gpu", { value: create([]), configurable: true });
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
}

/** What the program needs of the environment: Go's wasm_exec.js has room for 8 KiB of it, arguments included. */
function environment() {
  const wanted = /^(HOME|PWD|TZ|GO[A-Z]*|COUNTERPOINT_.*)$/;
  return { TMPDIR: os.tmpdir(), ...Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.test(name))) };
}
