import type { AiError } from "../../src/ports/ai-event.ts";

/** A model call that failed, on its way out of the graph; the runner turns it back into its value. */
export class CompletionError extends Error {
  readonly error: AiError;

  constructor(error: AiError) {
    super(error.message);
    this.name = "CompletionError";
    this.error = error;
  }
}
