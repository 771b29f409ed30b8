import type { DialectName } from "../base/config.ts";
import { parseUsd } from "../base/money.ts";
import { isLongEnoughToBeUnique } from "../base/usage-unit-id.ts";
import type { GatewayRequest } from "../ports/completion.ts";
import type { JsonObject } from "../ports/json.ts";
import type { SourceSystem } from "../ports/usage-fact.ts";

/** How one kind of gateway is told who calls, and where it says what the call was and cost. */
export interface Dialect {
  readonly source: SourceSystem;
  requestHeaders(request: GatewayRequest): Record<string, string>;
  /** Fields of the body beyond messages, tools and streaming. */
  requestFields(request: GatewayRequest): JsonObject;
  /** The call's id as far as response headers tell it. */
  headerCallId(headers: Headers): string | null;
  headerCostUsd(headers: Headers): string | null;
  /** The call's id once the body's id is known too. */
  callId(headerCallId: string | null, bodyId: string | null): string | null;
  /** An id that never repeats, or null. */
  providerCallId(headers: Headers, bodyId: string | null): string | null;
}

const litellm: Dialect = {
  source: "litellm",
  requestHeaders: (request) => ({
    // Adopted by LiteLLM as its own call id, and answered with.
    "x-litellm-call-id": request.dispatchId,
    "x-litellm-spend-logs-metadata": JSON.stringify({
      runledger_dispatch_id: request.dispatchId,
      runledger_run_id: request.runId,
    }),
  }),
  // A retry inside the gateway would be a second dispatch that no journal knows of.
  requestFields: (request) => ({
    user: request.endUser,
    max_tokens: request.maxOutputTokens,
    num_retries: 0,
  }),
  headerCallId: (headers) => idText(headers.get("x-litellm-call-id")),
  headerCostUsd: (headers) => parseUsd(headers.get("x-litellm-response-cost")),
  callId: (headerCallId) => headerCallId,
  // An answer from LiteLLM's cache repeats the body id of the call that filled the cache.
  providerCallId: (headers, bodyId) =>
    headers.has("x-litellm-cache-key") ? null : uniqueId(bodyId),
};

const openai: Dialect = {
  source: "openai",
  requestHeaders: () => ({}),
  requestFields: (request) => ({
    user: request.endUser,
    max_completion_tokens: request.maxOutputTokens,
  }),
  headerCallId: (headers) => idText(headers.get("x-request-id")),
  headerCostUsd: () => null,
  callId: (headerCallId, bodyId) => idText(bodyId) ?? headerCallId,
  providerCallId: (_headers, bodyId) => uniqueId(bodyId),
};

export const dialects: Readonly<Record<DialectName, Dialect>> = { litellm, openai };

function uniqueId(bodyId: string | null): string | null {
  return bodyId !== null && isLongEnoughToBeUnique(bodyId) ? idText(bodyId) : null;
}

/** Ids become keys of the ledger and fields of logs: printable ASCII of bounded length, or no id at all. */
function idText(value: string | null): string | null {
  return value !== null && /^[\x21-\x7e]{1,200}$/.test(value) ? value : null;
}
