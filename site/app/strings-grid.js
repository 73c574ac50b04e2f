// What the page says of grids: a part of strings.js.
import { about } from "./format.js";

export const gridText = {
  axis: { x: "X, across", y: "Y, down" },
  what: (axis) => `${axis}: what changes`,
  values: (axis) => `${axis}: values`,
  none: "Nothing",
  weight: ({ text, not }) => `Weight of ${not ? "not " : ""}“${text}”`,
  help: "Values as a list, 1, 2, 4; as a range, 1-5; with a step, 1-9 (+2); or with a count, 0-2 [5].",
  make: "Make the grid",
  count: (count) => (count === 1 ? "One picture" : `${count} pictures`),
  fault: (axis, { message }) => `${axis}: ${message}`,
  same: "X and Y change the same",
  many: (count, most) => `${count} pictures are too many for a grid, which has at most ${most}`,
  stale: "The prompt can’t be read yet",
  caption: (x, y) => `Across: ${x}${y ? `. Down: ${y}` : ""}`,
  cell: (pairs) => pairs.map(([name, value]) => `${name} ${value}`).join(", "),
  making: (i, count, seconds) => `Making picture ${i + 1} of ${count}${seconds ? `: ${about(seconds)} left in all` : ""}`,
  made: (done, count) => (done === count ? `The grid is done: ${count} pictures` : `Stopped: ${done} of ${count} pictures are here`),
  save: "Download grid",
  file: "counterpoint-grid.png",
};
