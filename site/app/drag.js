// Pointers, mouse or finger or pen, over the picture.

/** @returns {{x: number, y: number, inside: boolean}} where a pointer is, in fractions of an element, no finer than prompts say it */
export function fractionsOf(element, { clientX, clientY }) {
  const { left, top, width, height } = element.getBoundingClientRect();
  const [x, y] = [(clientX - left) / width, (clientY - top) / height];
  const round = (v) => Math.round(100 * Math.min(1, Math.max(0, v))) / 100;
  return { x: round(x), y: round(y), inside: x >= 0 && x <= 1 && y >= 0 && y <= 1 };
}

/**
 * Follows a pointer from where it went down until it goes up.
 * @param {PointerEvent} event of its going down
 * @param {(event: PointerEvent) => void} move
 * @param {(event: PointerEvent|undefined) => void} [end] with nothing if it was interrupted
 */
export function follow(event, move, end = () => {}) {
  const { target, pointerId } = event;
  target.setPointerCapture(pointerId);
  const controller = new AbortController();
  const on = (type, run) => target.addEventListener(type, (event) => event.pointerId === pointerId && run(event), { signal: controller.signal });
  const stop = (last) => {
    controller.abort();
    end(last);
  };
  on("pointermove", move);
  on("pointerup", stop);
  on("pointercancel", () => stop());
}
