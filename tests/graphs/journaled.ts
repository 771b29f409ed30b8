import type { CompletionRequest } from "../../src/ports/completion.ts";
import type { Answer, Script } from "./scripted.ts";

/** Resolves never: what a process that died was waiting for. */
export const forever = new Promise<never>(() => {});

/**
 * A run's journal around a script: a call that was answered once is answered again without the script, by its key. The
 * key is what the real one is made of: namespace, request, and occurrence of both since the driver started.
 */
export function journaled(script: Script) {
  const settled = new Map<string, Answer>();
  /** What reached the script, in order. */
  const dispatched: CompletionRequest[] = [];
  /** All that were ever asked for. */
  const keys = new Set<string>();

  function newDriver(): Script {
    const occurrences = new Map<string, number>();
    return async (request) => {
      const content = JSON.stringify(request);
      const occurrence = occurrences.get(content) ?? 0;
      occurrences.set(content, occurrence + 1);
      const key = `${content}#${occurrence}`;
      keys.add(key);
      const known = settled.get(key);
      if (known !== undefined) return known;
      const scripted = await script(request, dispatched.push(request) - 1);
      const answer = { ...scripted, messageId: `msg of ${key}` };
      if (answer.error === undefined) settled.set(key, answer);
      return answer;
    };
  }

  return { newDriver, dispatched, keys, settled };
}
