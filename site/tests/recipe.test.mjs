import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeLink, encodeLink, longest } from "../lib/link.js";
import { bare, readRecipe, readTexts } from "../lib/png.js";
import { checkRequest } from "../lib/request.js";

test("a link holds a recipe behind its #", () => {
  const request = { prompt: "a red cube @(0.25, 0.6) AND été & 100%", seed: 7, guidance_scale: 4.5, sampler: "ddim" };
  const link = encodeLink("http://localhost/some/page?device=cpu#old", request);
  assert.match(link, /^http:\/\/localhost\/some\/page\?device=cpu#prompt=/);
  assert.deepEqual(decodeLink(new URL(link).hash), { request, unknown: [] });
  assert.equal(decodeLink(""), undefined);
  assert.equal(decodeLink("#other"), undefined);
  assert.throws(() => encodeLink("http://localhost/", { prompt: "a".repeat(longest) }), RangeError);
});

test("bad links are refused by name", () => {
  assert.throws(() => decodeLink("#prompt=a&seed=x"), /“seed”/);
  assert.throws(() => decodeLink("#prompt=a&seed=-1"), /“seed”/);
  assert.throws(() => decodeLink("#prompt=a&steps=1.5"), /“steps”/);
  assert.throws(() => decodeLink("#prompt=a&eta="), /“eta”/);
  assert.throws(() => decodeLink("#prompt="), /no prompt/);
  assert.throws(() => decodeLink(`#prompt=${"a".repeat(longest)}`), RangeError);
  assert.deepEqual(decodeLink("#prompt=a&__proto__=1&frames=2").unknown, ["__proto__", "frames"]);
});

test("requests from outside are checked", () => {
  for (const bad of [null, 3, {}, { prompt: 3 }, { prompt: "a", steps: "3" }, { prompt: "a", sampler: "x".repeat(41) }, { prompt: "a", eta: Infinity }]) {
    assert.throws(() => checkRequest(bad), TypeError);
  }
});

const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));

function chunk(kind, data) {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, data.length);
  return [...head, ...bytes(kind), ...data, 0, 0, 0, 0];
}

const png = (...chunks) => new Uint8Array([...bytes("\x89PNG\r\n\x1a\n"), ...chunks.flat()]);
const end = chunk("IEND", []);

test("a PNG file tells its texts", () => {
  const utf8 = new TextEncoder().encode("é✓");
  const texts = readTexts(png(
    chunk("IHDR", new Uint8Array(13)), chunk("tEXt", bytes("a\0caf\xe9")), chunk("tEXt", bytes("a\0second")), chunk("iTXt", [...bytes("b\0\0\0\0\0"), ...utf8]),
    chunk("iTXt", bytes("c\0\x01\0\0\0packed")), chunk("tEXt", bytes("\0none")), chunk("tEXt", bytes("whole")), chunk("iTXt", bytes("d\0\0\0en")), end,
  ));
  assert.deepEqual([...texts], [["a", "café"], ["b", "é✓"]]);
});

test("of a PNG file the picture alone is left", () => {
  const head = chunk("IHDR", new Uint8Array(13));
  const [first, second] = [chunk("IDAT", [1, 2]), chunk("IDAT", [3])];
  const said = ["tEXt", "iTXt", "zTXt", "eXIf", "tIME", "pHYs", "iCCP"].map((kind) => chunk(kind, bytes("a\0b")));
  const left = bare(png(head, ...said, first, said[0], second, said[1], end));
  assert.deepEqual(left.flatMap((part) => [...part]), [...png(head, first, second, end)]);
  assert.throws(() => bare(png(head)), /breaks off/);
});

test("a broken PNG file is refused", () => {
  const whole = png(chunk("tEXt", bytes("a\0b")), end);
  for (let length = 0; length < whole.length; length++) assert.throws(() => readTexts(whole.subarray(0, length)), TypeError);
  const huge = png([0xff, 0xff, 0xff, 0xff, ...bytes("tEXt")], end);
  assert.throws(() => readTexts(huge), /breaks off/);
});

test("a picture's recipe", () => {
  const of = (value) => png(chunk("tEXt", bytes(`counterpoint\0${JSON.stringify(value)}`)), end);
  const model = { name: "m", hash: "0123456789" };
  const found = (more) => readRecipe(of({ format: 1, request: { prompt: "a", seed: 3, later: 1 }, model: { ...model, profile: "int8" }, ...more }));
  const known = { request: { prompt: "a", seed: 3 }, unknown: ["later"], model };
  assert.deepEqual(found({}), { ...known, models: [] });
  assert.deepEqual(found({ models: [{ as: "b", profile: "int8", ...model }] }), { ...known, models: [{ as: "b", ...model }] });
  assert.deepEqual(found({ models: 3 }).models, []);
  assert.throws(() => readRecipe(of({ format: 2 })), /format 2/);
  assert.throws(() => readRecipe(png(end)), /no recipe/);
});

test("another program's recipe", () => {
  const of = (text) => readRecipe(png(chunk("tEXt", bytes(`parameters\0${text}`)), end)).request;
  assert.deepEqual(of('a red cube AND\na sphere :1.2\nNegative prompt: blurry,\nugly\nSteps: 24, Sampler: DPM++ 2M, CFG scale: 6.5, Seed: 0, Size: 256x128, Model: "x, y: z"'),
    { prompt: "a red cube AND\na sphere :1.2", negative_prompt: "blurry,\nugly", seed: 0, steps: 24, guidance_scale: 6.5, width: 256, height: 128 });
  assert.deepEqual(of("only: a prompt"), { prompt: "only: a prompt" });
  assert.throws(() => of("a\nSteps: x, Seed: 1, Size: 8x8"), /“steps”/);
});
