import { CounterpointError } from "./errors.js";

/** The longest side that is sent: the engine keeps what it has read in memory. Larger pictures are scaled down. */
const maxSide = 2048;

/**
 * Pictures as a message has them.
 * @param {Object<string, Blob|ImageBitmap|ImageData|CanvasImageSource|undefined>} pictures by the message's field
 * @returns {Promise<{sizes: object, frames: ArrayBuffer[]}>} the fields, and the frames of their pixels
 * @throws {CounterpointError} about the field of one that can't be read
 */
export async function pixels(pictures) {
  const sizes = {};
  const frames = [];
  for (const [field, picture] of Object.entries(pictures)) {
    if (!picture) continue;
    const { width, height, data } = await read(picture).catch(({ message }) => {
      throw new CounterpointError({ code: "bad_request", message: `the picture can't be read: ${message}`, field });
    });
    sizes[field] = { width, height };
    frames.push(data.buffer);
  }
  return { sizes, frames };
}

async function read(picture) {
  const bitmap = await createImageBitmap(picture);
  const scale = Math.min(1, maxSide / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}
