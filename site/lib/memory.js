// Small settings in localStorage, which may be refused: then they last as long as the page.

const ours = /^(draft|history|download|model|with|previews|maps|plain|pace .*)$/; // all that the app keeps there
const here = new Map();

export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return here.get(name) ?? null;
  }
}

/** @param {string} name  @param {string} [value] none takes it away */
export function remember(name, value) {
  here.set(name, value);
  try {
    if (value === undefined) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // It is in the map.
  }
}

/** Takes all of them away: not localStorage.clear(), for other pages of the same origin have things there. */
export function forgetAll() {
  here.clear();
  try {
    for (const name of Object.keys(localStorage)) if (ours.test(name)) localStorage.removeItem(name);
  } catch {
    // There is nothing.
  }
}
