import { pause } from "./host.ts";
import type { ProductApi, RunBody } from "./product-api.ts";

const pollMs = 400;
/** A run that took long is no longer among the newest of its status: now and then all of them are read. */
const pollsPerFullLook = 10;

/**
 * Tells when a run is over by the product's lists of ended runs, which are read from D1 alone: asking for the run itself
 * would wake it.
 */
export function overInD1(api: ProductApi): (runId: string) => Promise<void> {
  const waiting = new Map<string, () => void>();
  let polling = false;

  async function poll(): Promise<void> {
    polling = true;
    for (let polls = 1; waiting.size > 0; polls += 1) {
      for (const status of ["success", "error", "cancelled"]) {
        const path = `/api/v1/ai/runs?status=${status}`;
        const runs =
          polls % pollsPerFullLook === 0
            ? await api.list<RunBody>(path)
            : (await api.get<{ items: RunBody[] } | null>(`${path}&limit=100`)).body?.items;
        for (const { runId } of runs ?? []) {
          waiting.get(runId)?.();
          waiting.delete(runId);
        }
      }
      await pause(pollMs);
    }
    polling = false;
  }

  return (runId) => {
    const over = Promise.withResolvers<void>();
    waiting.set(runId, () => over.resolve());
    if (!polling) poll().catch((error: unknown) => over.reject(error));
    return over.promise;
  };
}
