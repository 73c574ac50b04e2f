/**
 * A failure that a program can tell apart by its code: those of engine/session/PROTOCOL.md, section 3, "network" (something of the
 * app itself could not be fetched) and "closed" (the model was disposed of).
 */
export class CounterpointError extends Error {
  /** @type {string} */
  code;
  /** @type {string|undefined} what to do instead, for a person */
  hint;
  /** @type {string|undefined} the option at fault */
  field;
  /** @type {number|undefined} of a "syntax" error: where in the prompt, in code points from 1 */
  column;
  /** @type {number|undefined} of what is at fault there, in code points */
  length;

  /** @param {{code: string, message: string, hint?: string, field?: string, column?: number, length?: number}} head */
  constructor({ code, message, hint, field, column, length }) {
    super(message);
    this.name = "CounterpointError";
    Object.assign(this, { code, hint, field, column, length });
  }
}
