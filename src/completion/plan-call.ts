import { canonicalJson, sha256Hex } from "../base/hash.ts";
import { utf8Length } from "../base/utf8.ts";
import type { AiError } from "../ports/ai-event.ts";
import type { CallIntent, CompletionGateway, CompletionRequest } from "../ports/completion.ts";
import type { ModelCatalog, ModelEntry } from "../ports/model-catalog.ts";
import { mostCallCredits } from "./models.ts";

export interface Gateways {
  demo: CompletionGateway;
  configured: CompletionGateway | null;
}

export type Route =
  | { ok: true; entry: ModelEntry; gateway: CompletionGateway }
  | { ok: false; error: AiError };

/** Finds model and gateway; a call that has none is refused before anything is recorded. */
export function routeOf(modelId: string, models: ModelCatalog, gateways: Gateways): Route {
  const entry = models.find(modelId);
  if (entry === null) {
    const message = "There is no such model. GET /api/v1/ai/models lists the models.";
    return { ok: false, error: { code: "invalid_request", message } };
  }
  const gateway = entry.gateway === "demo" ? gateways.demo : gateways.configured;
  if (gateway === null) {
    const message = "This deployment has no gateway for the model. Choose another model.";
    return { ok: false, error: { code: "provider_unavailable", message } };
  }
  return { ok: true, entry, gateway };
}

/**
 * What the journal is told. The hash covers what decides the answer and nothing else, so that a node which asks the same
 * again after a crash is recognised: no user, no metadata, no ids of ours.
 */
export function intentOf(
  request: CompletionRequest,
  entry: ModelEntry,
  markupBasisPoints: number,
): CallIntent {
  const { model, messages, tools, temperature, nodeKey, checkpointNs } = request;
  const maxOutputTokens = entry.maxOutputTokens;
  const body = canonicalJson({ model, messages, tools, temperature, maxOutputTokens });
  return {
    nodeKey,
    checkpointNs,
    requestHash: sha256Hex(body),
    model,
    mostCredits: mostCallCredits(entry, utf8Length(body), markupBasisPoints),
  };
}
