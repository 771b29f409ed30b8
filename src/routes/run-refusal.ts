import { ApiError } from "../base/errors.ts";
import type { GoOnRefusal, StartRefusal } from "../ports/run.ts";

/** Every way a RunObject refuses to start or to go on is also a code of the wire. */
export function runRefusal({
  code,
  message,
}: {
  code: StartRefusal | GoOnRefusal;
  message: string;
}): ApiError {
  return new ApiError(code, message, { retryAfterSeconds: code === "rate_limit" ? 5 : 1 });
}
