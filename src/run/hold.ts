import { utf8Length } from "../base/utf8.ts";
import { mostCallCredits } from "../completion/models.ts";
import type { ModelCatalog } from "../ports/model-catalog.ts";
import type { StartRun } from "../ports/run.ts";

/** A run holds at least this, so that an account with next to nothing left starts nothing it cannot pay. */
const holdCreditsMin = 1_000;
/** A graph's own prompt and tool descriptions, which the request does not show; the lease is topped up beyond it. */
const promptBytesMost = 4_000;

/**
 * Credits reserved at admission: what the run's first call can cost at most, no more than its own limit. A free model
 * holds nothing.
 */
export function holdFor(
  { model, messages, limits }: StartRun,
  models: ModelCatalog,
  markupBasisPoints: number,
): number {
  const entry = models.find(model);
  if (entry === null || entry.free) return 0;
  const bytes = messages.reduce(
    (total, { content }) => total + utf8Length(content),
    promptBytesMost,
  );
  const estimate = mostCallCredits(entry, bytes, markupBasisPoints);
  return Math.min(Math.max(holdCreditsMin, estimate), limits.maxCredits);
}
