import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import { ApiError, InvalidInput, statusOfCode } from "../base/errors.ts";
import type { ApiIssue } from "../base/errors.ts";
import { consoleLog, describeBug } from "../base/log.ts";
import { ErrorPage } from "../ui/error-page.tsx";
import type { AppDeps, AppEnv } from "./app-env.ts";
import { bodyBytesMax } from "./request-body.ts";

const issuesMax = 20;
const issueTextMax = 200;

/** The one place where anything thrown behind the door becomes an answer. Only errors of `base/errors.ts` speak for themselves. */
export function errorResponse(error: unknown, c: Context<AppEnv>): Response | Promise<Response> {
  const known = knownError(error);
  if (known !== null) return refusal(c, known);
  // Absent when composing them is what failed.
  const deps: AppDeps | undefined = c.get("deps");
  (deps?.log ?? consoleLog).log("error", "request.failed", {
    requestId: c.get("requestId"),
    method: c.req.method,
    ...describeBug(error),
  });
  return refusal(
    c,
    new ApiError("internal", "Something went wrong here. The request id helps us find it."),
  );
}

export function notFoundResponse(c: Context<AppEnv>): Response | Promise<Response> {
  return refusal(c, nothingHere());
}

export function nothingHere(): ApiError {
  return new ApiError("not_found", "There is nothing at this address.");
}

/** Zod's issues as the wire shows them. Its messages name types and limits, never the value that was sent. */
export function validationError(error: Pick<z.ZodError, "issues">): ApiError {
  const issues = error.issues.flatMap(issueLines).slice(0, issuesMax);
  return new ApiError("invalid_request", "The request is not valid. `issues` says where.", {
    issues,
  });
}

function issueLines(issue: z.core.$ZodIssue): ApiIssue[] {
  const path = issue.path.map(String);
  const line = (at: string[], message: string) => ({
    path: at.join(".").slice(0, issueTextMax),
    message: message.slice(0, issueTextMax),
  });
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => line([...path, key], "This field is not known here."));
  }
  return [line(path, issue.message)];
}

function knownError(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error;
  if (error instanceof InvalidInput) {
    const { message, issues } = error;
    return new ApiError("invalid_request", message, issues.length === 0 ? {} : { issues });
  }
  if (!(error instanceof HTTPException)) return null;
  // Thrown by the framework's own checks of a request; its texts are for developers.
  if (error.status === 413) return tooLarge();
  return error.status < 500
    ? new ApiError(
        "invalid_request",
        "The request could not be read. Send JSON with `Content-Type: application/json`.",
      )
    : null;
}

export function tooLarge(): ApiError {
  return new ApiError(
    "payload_too_large",
    `A request body may have ${bodyBytesMax / 1_024} KiB. Send less.`,
  );
}

function refusal(c: Context<AppEnv>, error: ApiError): Response | Promise<Response> {
  const { code, message } = error;
  const status = statusOfCode[code];
  const requestId = c.get("requestId");
  if (code === "unauthenticated") c.header("www-authenticate", "Bearer");
  if (code === "rate_limit" || code === "provider_unavailable") {
    c.header("retry-after", String(error.extra.retryAfterSeconds ?? 1));
  }
  if (wantsPage(c)) {
    return c.html(ErrorPage({ status, message, requestId }), status);
  }
  const { issues } = error.extra;
  return c.json({ error: { code, message, requestId, ...(issues && { issues }) } }, status);
}

function wantsPage(c: Context<AppEnv>): boolean {
  return !c.req.path.startsWith("/api/") && (c.req.header("accept") ?? "").includes("text/html");
}
