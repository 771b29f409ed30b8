/**
 * Another instance of this object has taken the run over. Whatever this one was about to write is not written; its driver
 * ends without a trace.
 */
export class StaleInstance extends Error {
  override name = "StaleInstance";

  constructor() {
    super("another instance drives this run now");
  }
}
