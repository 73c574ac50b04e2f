/**
 * A failure that a program can tell apart by its code (engine/session/PROTOCOL.md, section 3, and "network": something of
 * the app itself could not be fetched).
 */
export class CounterpointError extends Error {
  /** @param {{code: string, message: string, hint?: string, field?: string, column?: number, length?: number}} head */
  constructor({ code, message, hint, field, column, length }) {
    super(message);
    this.name = "CounterpointError";
    Object.assign(this, { code, hint, field, column, length });
  }
}
