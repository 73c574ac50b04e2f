// What the page says of pictures that others begin with: a part of strings.js.
export const startText = {
  picture: "The picture to start from, with its mask",
  open: "Open a picture",
  clear: "Start from noise",
  brush: "Brush",
  erase: "Erase",
  clearMask: "Clear the mask",
  part: "Part",
  add: "Paint this part",
  remove: "Erase this part",
  all: "All of it is made anew, the more freely the greater the strength. Paint on it what alone is to change.",
  masked: "What is painted white is made anew, the rest is kept to the bit.",
  took: "The picture is what the next one starts from",
  failed: "The file is no picture that this browser can read",
  or: "The recipe is restored; “Start from this” begins with the picture instead",
};
