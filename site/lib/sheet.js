/** The most pixels of a sheet: some browsers' canvases hold no more. */
const mostPixels = 16e6;

/**
 * Draws pictures of one size as rows and columns with labels.
 * @param {{caption: string, columns: string[], rows: string[], blobs: Blob[]}} grid row by row; the last blobs may be missing
 * @returns {Promise<Blob>} a PNG, with nothing written into it
 */
export async function drawSheet({ caption, columns, rows, blobs }) {
  const pictures = await Promise.all(blobs.map((blob) => createImageBitmap(blob)));
  const [{ width, height }] = pictures;
  const size = Math.min(32, Math.max(12, Math.round(width / 10))); // of the letters
  const line = Math.round(1.6 * size);
  const font = (context) => Object.assign(context, { font: `${size}px system-ui, sans-serif`, textAlign: "center", textBaseline: "middle", fillStyle: "#000000" });
  const canvas = new OffscreenCanvas(1, 1);
  const left = Math.ceil(line / 2 + Math.min(width, Math.max(...rows.map((row) => font(canvas.getContext("2d")).measureText(row).width))));
  const gap = Math.ceil(size / 4);
  const sides = [left + columns.length * (width + gap), 2 * line + rows.length * (height + gap)];
  const scale = Math.min(1, Math.sqrt(mostPixels / (sides[0] * sides[1])));
  Object.assign(canvas, { width: Math.floor(sides[0] * scale), height: Math.floor(sides[1] * scale) });
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(scale, scale);
  font(context);
  const at = (i, start, side) => start + i * (side + gap);
  context.fillText(caption, sides[0] / 2, line / 2, sides[0] - gap);
  columns.forEach((column, i) => context.fillText(column, at(i, left, width) + width / 2, 1.5 * line, width));
  rows.forEach((row, i) => context.fillText(row, left / 2, at(i, 2 * line, height) + height / 2, left - gap));
  pictures.forEach((picture, i) => {
    context.drawImage(picture, at(i % columns.length, left, width), at(Math.floor(i / columns.length), 2 * line, height));
    picture.close();
  });
  return canvas.convertToBlob();
}
