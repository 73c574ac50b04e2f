import { checkRequest, fieldOf } from "./request.js";

// A recipe in an address, behind "#", which browsers don't send: #prompt=a+red+cube&seed=7

/** The most characters of a link that are read, and made. */
export const longest = 16384;

/**
 * @param {string} page its address
 * @param {object} request
 * @returns {string}
 * @throws {RangeError}
 */
export function encodeLink(page, request) {
  const link = new URL(page);
  link.hash = new URLSearchParams(Object.entries(request).map(([name, value]) => [name, String(value)])).toString();
  if (link.href.length > longest) throw new RangeError("the recipe is too long for a link");
  return link.href;
}

/**
 * @param {string} hash of an address, with its "#"
 * @returns {{request: object, unknown: string[]}|undefined} nothing where it holds no recipe
 * @throws {TypeError|RangeError}
 */
export function decodeLink(hash) {
  if (hash.length > longest) throw new RangeError("the link is too long");
  const written = new URLSearchParams(hash.replace(/^#/, ""));
  if (!written.has("prompt")) return undefined;
  return checkRequest(Object.fromEntries([...written].map(([name, value]) => [name, fieldOf(name, value)])));
}
