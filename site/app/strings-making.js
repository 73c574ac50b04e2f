// What the page says of grids, and of pictures that others begin with: a part of strings.js.
import { about } from "./format.js";

export const gridText = {
  axis: { x: "X, across", y: "Y, down" },
  values: (axis) => `${axis}: values`,
  none: "Nothing",
  weight: ({ text, not }) => `Weight of ${not ? "not " : ""}“${text}”`,
  help: "Values as a list, 1, 2, 4; as a range, 1-5; with a step, 1-9 (+2); or with a count, 0-2 [5].",
  make: "Make the grid",
  count: (count) => (count === 1 ? "One picture" : `${count} pictures`),
  same: "X and Y change the same",
  many: (count, most) => `${count} pictures are too many for a grid, which has at most ${most}`,
  stale: "The prompt can’t be read yet",
  caption: (x, y) => `Across: ${x}${y ? `. Down: ${y}` : ""}`,
  making: (i, count, seconds) => `Making picture ${i + 1} of ${count}${seconds ? `: ${about(seconds)} left in all` : ""}`,
  made: (done, count) => (done === count ? `The grid is done: ${count} pictures` : `Stopped: ${done} of ${count} pictures are here`),
  save: "Download grid",
  file: "counterpoint-grid.png",
};

export const startText = {
  picture: "The picture to start from, with its mask",
  open: "Open a picture",
  clear: "Start from noise",
  brush: "Brush",
  erase: "Erase",
  clearMask: "Clear the mask",
  part: "Paint or erase this part",
  all: "All of it is made anew, the more freely the greater the strength. Paint on it what alone is to change.",
  masked: "What is painted white is made anew, the rest is kept to the bit.",
  took: "The picture is what the next one starts from",
  failed: "The file is no picture that this browser can read",
  or: "The recipe is restored; “Start from this” begins with the picture instead",
};
