import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import * as api from "../counterpoint.js";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const all = (text, pattern) => [...text.matchAll(pattern)].map(([, found]) => found);
const declared = read("../counterpoint.d.ts");

test("what the documents and the example call is in the module", () => {
  const written = [read("../API.md"), read("../../README.md"), read("../example.js")].join("\n");
  const members = [...all(written, /\bcp\.(\w+)/g), ...all(written, /\bcp\)\.(\w+)/g)];
  assert.ok(members.length > 5, `${members}`);
  for (const name of members) assert.match(declared, new RegExp(`^ +${name}[(:]`, "m"));
  for (const name of all(written, /`cp\.(\w+)\(/g)) assert.equal(typeof api.Counterpoint.prototype[name], "function", name);
  for (const name of all(written, /\bCounterpoint\.(\w+)/g)) assert.equal(typeof api.Counterpoint[name], "function", name);
  for (const names of all(written, /import \{ (.+) \} from "\.\/counterpoint\.js"/g)) for (const name of names.split(", ")) assert.ok(api[name], name);
});

test("what API.md says of options, events and results is declared", () => {
  const [calls, options] = read("../API.md").split("| option | of |").map((part) => part.split("\n").filter((line) => line.startsWith("| `")));
  const names = [...options.flatMap((line) => all(line.split(" | ")[0], /`(\w+)`/g)), ...calls.flatMap((line) => all(line.split(" | ")[1], /`(\w+)`/g))];
  assert.ok(names.length > 20, `${names}`);
  for (const name of names) assert.match(declared, new RegExp(`\\b${name}\\??: `), name);
});

test("the declarations have the protocol's fields", () => {
  const protocol = read("../../engine/session/PROTOCOL.md");
  const fields = (heading) => {
    const table = protocol.split(heading)[1].match(/\n\| field \| type \| meaning \|\n.+\n((?:\|.+\n)+)/)[1];
    return table.split("\n").flatMap((row) => all(row.split("|")[1] ?? "", /`(\w+)`/g));
  };
  const less = { Fields: ["prompt"], Device: [], Model: [], StepEvent: ["id"], PreviewEvent: ["id"], MapsEvent: ["id", "rows"], PictureEvent: ["id"], DoneEvent: ["id"], Explained: ["id"] };
  const more = { Device: ["helpers"], StepEvent: ["type"], PreviewEvent: ["type", "pixels"], MapsEvent: ["type", "terms"], PictureEvent: ["type", "blob"], DoneEvent: ["type"], Explained: ["type"] };
  const headings = {
    Fields: "**Request**", Model: "**Model**", Device: "**Device**", StepEvent: "#### `event`", PreviewEvent: "#### `preview`",
    MapsEvent: "#### `maps` → page", PictureEvent: "#### `picture`", DoneEvent: "#### `done`", Explained: "#### `explained`",
  };
  for (const [name, heading] of Object.entries(headings)) {
    const has = all(declared.match(new RegExp(`^export type ${name} = \\{\\n([^]*?)^\\};`, "m"))[1], /^    (\w+)\??: /gm);
    const wants = [...fields(heading).filter((field) => !less[name].includes(field)), ...more[name] ?? []];
    assert.deepEqual(has.sort(), wants.sort(), name);
  }
});

test("the app has the engine by the module alone", () => {
  const imports = (path) => all(read(path), /^import .* from "(?:\.\.?\/)+(?:lib\/)?(\w+\.js)"/gm);
  const inside = new Set(imports("../counterpoint.js"));
  for (const name of inside) for (const next of imports(`../lib/${name}`)) inside.add(next);
  for (const shared of ["errors.js", "latest.js"]) inside.delete(shared);
  assert.ok(inside.has("session.js") && inside.has("inbox.js"), `${[...inside]}`);
  for (const name of readdirSync(new URL("../app", import.meta.url))) {
    for (const used of all(read(`../app/${name}`), /"\.\.\/lib\/(\w+\.js)"/g)) assert.ok(!inside.has(used), `app/${name} imports ${used}`);
    assert.doesNotMatch(read(`../app/${name}`), /new Worker\(/, name);
  }
});

test("the example is a page of 30 lines", () => {
  const lines = read("../example.html").split("\n").length - 1 + read("../example.js").split("\n").length - 1;
  assert.ok(lines <= 30, `${lines} lines`);
});
