// A model's folder as it comes by drag and drop: the folder, or its files.

/** Whether what is dropped is a folder, or files with a manifest among them. @param {DataTransfer} transfer */
export function holdsModel(transfer) {
  return entries(transfer).some((entry) => entry.isDirectory) || [...transfer.files].some(({ name }) => name === "manifest.json");
}

/** @param {DataTransfer} transfer  @returns {Promise<File[]>} the files, those of a folder too, but not of folders in it */
export function filesOf(transfer) {
  const found = entries(transfer).map((entry) => (entry.isDirectory ? children(entry) : [entry])); // asked for at once: later the transfer is empty
  return Promise.all(found).then((all) => Promise.all(all.flat().filter((entry) => entry.isFile).map((entry) => new Promise((resolve, reject) => entry.file(resolve, reject)))));
}

const entries = (transfer) => [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);

async function children(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (!some.length) return found;
    found.push(...some);
  }
}
