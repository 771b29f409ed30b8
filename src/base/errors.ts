/** Codes of the wire; each has one status. */
export const statusOfCode = {
  invalid_request: 400,
  unauthenticated: 401,
  insufficient_credits: 402,
  forbidden: 403,
  not_found: 404,
  idempotency_conflict: 409,
  conflict: 409,
  gone: 410,
  payload_too_large: 413,
  upgrade_required: 426,
  rate_limit: 429,
  internal: 500,
  provider_unavailable: 503,
  timeout: 504,
} as const;

export type ApiErrorCode = keyof typeof statusOfCode;

export interface ApiIssue {
  path: string;
  message: string;
}

/** An expected refusal on its way to `app.onError`; the message is meant for the caller and says what to do. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly extra: { issues?: ApiIssue[]; retryAfterSeconds?: number };

  constructor(code: ApiErrorCode, message: string, extra: ApiError["extra"] = {}) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.extra = extra;
  }
}

/** What was asked for cannot be, and the caller may know why: `invalid_request` on the wire. */
export class InvalidInput extends Error {
  readonly issues: ApiIssue[];

  constructor(message: string, issues: ApiIssue[] = []) {
    super(message);
    this.name = "InvalidInput";
    this.issues = issues;
  }
}

/** The deployment is set up wrongly. Its message names variables and fields, never values, and so may be logged. */
export class ConfigurationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigurationError";
  }
}
