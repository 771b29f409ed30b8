import { createMiddleware } from "hono/factory";
import { ApiError } from "../base/errors.ts";
import type { AppEnv } from "./app-env.ts";
import { jsonProblem } from "./json-text.ts";

export const bodyBytesMax = 256 * 1024;

const jsonType = /^application\/json(?:\s*;.*)?$/i;

/**
 * Lets only sound JSON through, for every credential alike. A content type other than JSON is what another site's form
 * could send without asking; a request without body and without content type cannot come from a form.
 */
export const soundJson = createMiddleware<AppEnv>(async (c, next) => {
  if (c.req.method === "GET" || c.req.method === "HEAD") return next();
  const contentType = c.req.header("content-type");
  const isJson = contentType !== undefined && jsonType.test(contentType);
  if (contentType !== undefined && !isJson) throw notJson();
  const text = decoded(await c.req.arrayBuffer());
  if (text !== "" && !isJson) throw notJson();
  if (text !== "") {
    const problem = jsonProblem(text);
    if (problem !== null) throw new ApiError("invalid_request", problem);
  }
  return next();
});

/** Bytes that are no UTF-8 would be read as U+FFFD: text that nobody sent. */
function decoded(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new ApiError("invalid_request", "The body is not UTF-8.");
  }
}

function notJson(): ApiError {
  return new ApiError("invalid_request", "Send JSON with `Content-Type: application/json`.");
}
