import { pause } from "./host.ts";
import type { ProductApi, RunBody } from "./product-api.ts";

const pollMs = 400;

/**
 * Tells when a run is over by the product's lists of ended runs, which are read from D1 alone: asking for the run itself
 * would wake it.
 */
export function overInD1(api: ProductApi): (runId: string) => Promise<void> {
  const waiting = new Map<string, () => void>();
  let polling = false;

  async function poll(): Promise<void> {
    polling = true;
    while (waiting.size > 0) {
      for (const status of ["success", "error", "cancelled"]) {
        const { body } = await api.get<{ items: RunBody[] } | null>(
          `/api/v1/ai/runs?status=${status}&limit=100`,
        );
        for (const { runId } of body?.items ?? []) {
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
