import type { AiError } from "../ports/ai-event.ts";

/** Answers of a gateway as the customer may see them. What the gateway wrote stays out: it may repeat prompts and keys. */
export function errorForStatus(status: number, headers: Headers, nowMs: number): AiError {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return {
        code: "invalid_request",
        message: `The model did not accept the request (${status}). It may be too long for the model, or ask for something that it cannot do.`,
      };
    case 401:
    case 403:
      return refusedCredentials[status];
    case 408:
    case 504:
      return upstreamTimeout;
    case 429:
      return { code: "rate_limit", message: rateLimitMessage(headers, nowMs) };
    default:
      // 402 and 404 too are between the operator and the provider; the customer can only wait.
      return {
        code: "provider_unavailable",
        message: `The model provider could not answer (${status}). Try again later or choose another model.`,
      };
  }
}

const credentialsMessage =
  "The model provider does not let this service in. The operator has to look at it; trying again does not help.";

const refusedCredentials: Readonly<Record<401 | 403, AiError>> = {
  401: { code: "provider_unavailable", message: credentialsMessage },
  403: { code: "provider_unavailable", message: credentialsMessage },
};

/** The status by which a gateway refused our key, when `error` is what `errorForStatus` made of it; else null. */
export function refusedCredentialsStatus(error: AiError): 401 | 403 | null {
  if (error === refusedCredentials[401]) return 401;
  return error === refusedCredentials[403] ? 403 : null;
}

export const upstreamTimeout: AiError = {
  code: "timeout",
  message: "The model provider took too long to answer. Try again later or choose another model.",
};

export const upstreamAborted: AiError = {
  code: "aborted",
  message: "The model call was stopped.",
};

export const upstreamUnreachable: AiError = {
  code: "provider_unavailable",
  message: "The model provider could not be reached. Try again later or choose another model.",
};

export const upstreamBroken: AiError = {
  code: "provider_unavailable",
  message:
    "The model provider's answer broke off or could not be read. Try again later or choose another model.",
};

function rateLimitMessage(headers: Headers, nowMs: number): string {
  const waitMs = retryAfterMs(headers, nowMs);
  const when = waitMs === null ? "in a while" : `in ${Math.ceil(waitMs / 1000)} s`;
  return `The model provider limits the rate of calls. Try again ${when}.`;
}

/** `retry-after-ms`, or `retry-after` as seconds or as an HTTP date; null where it says nothing usable. */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const exactMs = decimal(headers.get("retry-after-ms"));
  if (exactMs !== null) return exactMs;
  const text = headers.get("retry-after");
  const seconds = decimal(text);
  if (seconds !== null) return seconds * 1000;
  // Only real dates: Date.parse takes "-5" for a year.
  if (text === null || !/^[A-Za-z]{3,}/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

function decimal(text: string | null): number | null {
  return text !== null && /^\d{1,9}(\.\d+)?$/.test(text.trim()) ? Number(text) : null;
}
