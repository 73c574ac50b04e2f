import { parseParameters } from "./parameters.js";
import { checkRequest } from "./request.js";

// Reads the recipe that a PNG file carries (engine/recipe): text chunks, and nothing else of the file.

const signature = "\x89PNG\r\n\x1a\n";
const mostText = 1 << 20;

/** The most bytes of a file that are read. */
export const mostBytes = 64 << 20;

const latin1 = (bytes) => new TextDecoder("latin1").decode(bytes);

/** The chunks of a PNG file, to the one that ends it. @throws {TypeError} if it is none, or breaks off */
function* chunks(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (Array.from(bytes.subarray(0, 8), (byte) => String.fromCharCode(byte)).join("") !== signature) throw new TypeError("the file is no PNG picture");
  for (let at = 8, kind; kind !== "IEND";) {
    if (at + 12 > bytes.length) throw new TypeError("the PNG file breaks off");
    const length = view.getUint32(at);
    kind = latin1(bytes.subarray(at + 4, at + 8));
    if (length > bytes.length - at - 12) throw new TypeError("the PNG file breaks off");
    yield { kind, data: bytes.subarray(at + 8, at + 8 + length), whole: bytes.subarray(at, (at += 12 + length)) };
  }
}

/**
 * @param {Uint8Array} bytes of a PNG file
 * @returns {Map<string, string>} its texts by keyword, the first of each; compressed ones are left out
 * @throws {TypeError} if it is none, or breaks off
 */
export function readTexts(bytes) {
  const texts = new Map();
  for (const { kind, data } of chunks(bytes)) {
    if (kind !== "tEXt" && kind !== "iTXt" || data.length > mostText) continue;
    const [keyword, text] = split(kind, data);
    if (text !== undefined && !texts.has(keyword)) texts.set(keyword, text);
  }
  return texts;
}

/** A PNG file's picture and nothing that is said about it. @param {Uint8Array} bytes  @returns {Uint8Array[]} its parts */
export function bare(bytes) {
  const kept = [...chunks(bytes)].filter(({ kind }) => /^(IHDR|PLTE|tRNS|IDAT|IEND)$/.test(kind));
  return [bytes.subarray(0, 8), ...kept.map(({ whole }) => whole)];
}

function split(kind, data) {
  const end = data.indexOf(0);
  if (end < 1) return [];
  const keyword = latin1(data.subarray(0, end));
  if (kind === "tEXt") return [keyword, latin1(data.subarray(end + 1))];
  if (data[end + 1] !== 0) return []; // compressed
  const language = data.indexOf(0, end + 3);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  return translated < 0 ? [] : [keyword, new TextDecoder().decode(data.subarray(translated + 1))];
}

/**
 * Reads our own recipe, which is exact, or else what another program wrote.
 * @param {Uint8Array} bytes of a PNG file
 * @returns {{request: object, unknown: string[], model?: {name: string, hash: string}, models?: {as: string, name: string, hash:
 *   string}[]}} models: others that the prompt names; no model where it is another program's
 * @throws {TypeError|SyntaxError} that says what is amiss
 */
export function readRecipe(bytes) {
  const texts = readTexts(bytes);
  const text = texts.get("counterpoint");
  if (text === undefined && texts.has("parameters")) return checkRequest(parseParameters(texts.get("parameters")));
  if (text === undefined) throw new TypeError("the picture has no recipe inside");
  const { format, request, model, models } = JSON.parse(text);
  if (format !== 1) throw new TypeError(`the picture’s recipe has format ${Number(format)}, which this version does not know`);
  const named = (each) => ({ name: String(each?.name), hash: String(each?.hash) });
  const others = Array.isArray(models) ? models.map((each) => ({ as: String(each?.as), ...named(each) })) : [];
  return { ...checkRequest(request), model: named(model), models: others };
}
