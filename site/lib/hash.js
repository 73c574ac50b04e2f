/** @returns {Promise<string>} SHA-256 in hexadecimal */
export async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Compares hashes. Without https there is no crypto.subtle; the engine compares again in any case. */
export const matches = async (bytes, hash) => !crypto.subtle || await sha256(bytes) === hash;
