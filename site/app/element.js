/**
 * Makes an element.
 * @param {string} tag
 * @param {object} properties set on the element
 * @param {...(Node|string)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** The element of that id, which the page has. */
export const byId = (id) => document.getElementById(id);
