// How fast a device is: seconds an evaluation of the network, kept between visits.

const key = (device) => `pace ${device.name} ${device.adapter}`;

/** @returns {number|undefined} the seconds that so many evaluations will take */
export function expect(device, evaluations) {
  try {
    const pace = Number(localStorage.getItem(key(device)));
    return pace > 0 ? pace * evaluations : undefined;
  } catch {
    return undefined; // storage is refused
  }
}

/** Measures a run. Its first step is left out: it pays for what is prepared once. */
export class Pace {
  #first;
  #last;
  #levels = 0; // of verification: each evaluates what a step does

  /** @param {{phase: string, step: number, elapsed: number}} event the engine's */
  note(event) {
    if (event.phase === "verifying") this.#levels = event.steps;
    if (event.phase !== "denoising") return;
    this.#first ??= event;
    this.#last = event;
  }

  /** @param {number} evaluations in all of the run's steps and levels */
  remember(device, evaluations) {
    const measured = this.#last.step - this.#first.step;
    if (!measured) return;
    const step = (this.#last.elapsed - this.#first.elapsed) / measured;
    try {
      localStorage.setItem(key(device), String(step * (this.#last.steps + this.#levels) / evaluations));
    } catch {
      // Then the next visit has no estimate before its second step.
    }
  }
}
