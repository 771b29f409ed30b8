/**
 * A usage unit is named by the gateway's id of its call. Where there is none that can be a name, ours are made from what
 * a repetition of the same work makes again.
 */

/** Before our own id of a dispatch. */
export const dispatchPrefix = "dispatch:";

/** `dispatch:<dispatch id>`: nothing of an answer ever came that could name the call, or its driver died before it did. */
export function unansweredUnitId(dispatchId: string): string {
  return `${dispatchPrefix}${dispatchId}`;
}

/** `MISSING:<run id>/<n>`: an answer without an id, of the run's dispatch (or an engine's report) n, counted from 0. */
export function missingUnitId(runId: string, index: number): string {
  return `MISSING:${runId}/${index}`;
}

/** `<id>#<n>`: an id that the gateway had given to another call of the run, for dispatch n, counted from 0. */
export function repeatedUnitId(id: string, index: number): string {
  return `${id}#${index}`;
}

const uniqueIdCharsMin = 20;

/** Shorter ids of providers repeat, whoever passes them on: Ollama draws from `chatcmpl-0` to `chatcmpl-999`. */
export function isLongEnoughToBeUnique(providerId: string): boolean {
  return providerId.length >= uniqueIdCharsMin;
}
