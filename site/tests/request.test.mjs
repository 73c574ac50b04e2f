import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeLink, encodeLink } from "../lib/link.js";
import { checkRequest, ofPicture, wantsPictures } from "../lib/request.js";

const protocol = readFileSync(new URL("../../engine/session/PROTOCOL.md", import.meta.url), "utf8");

/** The fields of a request, by the protocol's table: [name, type]. */
function tabled() {
  const [, table] = protocol.match(/^\*\*Request\*\*.*?\n\n(.*?)\n\n/ms);
  const rows = [...table.matchAll(/^\| (`.*?) \| (\w+)(?:, opt\.)? \|/gm)];
  return rows.flatMap(([, names, type]) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => [name, type]));
}

const samples = { string: "x", integer: 1, number: 0.5, boolean: true };
const sample = (name, type) => (name.endsWith("_sha256") ? "0123456789abcdef".repeat(4) : samples[type]);

test("every field of the protocol is known, and survives a link", () => {
  const fields = tabled();
  assert.ok(fields.length > 30, `${fields.length} fields in the table`);
  const request = Object.fromEntries(fields.map(([name, type]) => [name, sample(name, type)]));
  assert.deepEqual(checkRequest(request), { request, unknown: [] });
  assert.deepEqual(decodeLink(new URL(encodeLink("http://localhost/", request)).hash), { request, unknown: [] });
  for (const [name] of fields) assert.throws(() => checkRequest({ prompt: "a", [name]: [] }), { name: "TypeError", message: new RegExp(`“${name}”`) });
});

test("values of other kinds are refused", () => {
  for (const bad of [{ apg: "yes" }, { apg: 1 }, { mask_blur: 0.5 }, { best_of: -1 }, { image_sha256: "A".repeat(64) }, { image_sha256: "0" }]) {
    assert.throws(() => checkRequest({ prompt: "a", ...bad }), TypeError);
  }
  assert.throws(() => decodeLink("#prompt=a&apg=yes"), /“apg”/);
  assert.equal(decodeLink("#prompt=a&mask_blur=-1&apg=false").request.mask_blur, -1);
});

test("the recipe of one picture of several", () => {
  const request = { prompt: "a", seed: 4, batch: 2, best_of: 3, verify: "cached" };
  assert.deepEqual(ofPicture(request, 8), { prompt: "a", seed: 8, batch: 1, verify: "cached" });
  const population = { prompt: "a", seed: 4, batch: 2, particles: true };
  assert.deepEqual(ofPicture(population, 5), population);
});

test("recipes that begin with pictures say so", () => {
  const { request } = decodeLink(`#prompt=a&strength=0.5&image_sha256=${"0a".repeat(32)}`);
  assert.ok(wantsPictures(request));
  assert.ok(!wantsPictures({ prompt: "a" }));
});
