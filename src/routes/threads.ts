import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { toIso } from "../base/clock.ts";
import { ApiError } from "../base/errors.ts";
import { deleteThread, getThread, listThreads } from "../threads/threads.ts";
import type { AppEnv } from "./app-env.ts";
import { requireScope } from "./doors.ts";
import { isoTime, json, page, paging, pathId, refusals, signedIn } from "./schemas.ts";

const summary = z
  .object({ threadId: z.string(), title: z.string(), createdAt: isoTime, updatedAt: isoTime })
  .openapi("ThreadSummary");

const thread = summary
  .extend({
    messages: z.array(
      z.object({
        messageId: z.string(),
        role: z.enum(["user", "assistant"]),
        content: z.string(),
        runId: z.string(),
        createdAt: isoTime,
      }),
    ),
  })
  .openapi("Thread");

const params = z.object({ threadId: pathId("thread") });

const list = createRoute({
  method: "get",
  path: "/api/v1/ai/threads",
  summary: "The account's threads, last used first",
  description:
    "Leaves out threads of which every run was started by a schedule, unless `include=scheduled`.",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: {
    query: paging.extend({
      q: z
        .string()
        .max(200)
        // SQLite ends a pattern there, and what is left matches more than was asked for.
        .refine((text) => !text.includes("\0"), "Must not contain NUL.")
        .optional()
        .openapi({ description: "Part of the title" }),
      include: z
        .literal("scheduled")
        .optional()
        .openapi({ description: "Adds the threads that only schedules have used" }),
    }),
  },
  responses: { 200: json(page(summary), "A page of threads"), ...refusals },
});

const get = createRoute({
  method: "get",
  path: "/api/v1/ai/threads/{threadId}",
  summary: "A thread with its messages, oldest first",
  security: signedIn,
  middleware: [requireScope("runs:read")] as const,
  request: { params },
  responses: { 200: json(thread, "The thread"), ...refusals },
});

const remove = createRoute({
  method: "delete",
  path: "/api/v1/ai/threads/{threadId}",
  summary: "Delete a thread and its messages; runs and receipts stay",
  security: signedIn,
  middleware: [requireScope("runs:write")] as const,
  request: { params },
  responses: { 204: { description: "It is gone" }, ...refusals },
});

export const threadRoutes = new OpenAPIHono<AppEnv>()
  .openapi(list, async (c) => {
    const { accountId } = c.get("principal");
    const { include, ...wish } = c.req.valid("query");
    const withScheduled = include === "scheduled";
    const found = await listThreads(c.env.DB, { accountId, ...wish, withScheduled });
    return c.json({ items: found.items.map(withTimes), nextCursor: found.nextCursor }, 200);
  })
  .openapi(get, async (c) => {
    const { accountId } = c.get("principal");
    const found = await getThread(c.env.DB, accountId, c.req.valid("param").threadId);
    if (found === null) throw noThread();
    const messages = found.messages.map((message) => ({
      ...message,
      createdAt: toIso(message.createdAt),
    }));
    return c.json({ ...withTimes(found), messages }, 200);
  })
  .openapi(remove, async (c) => {
    const { accountId } = c.get("principal");
    const isDeleted = await deleteThread(c.env.DB, accountId, c.req.valid("param").threadId);
    if (!isDeleted) throw noThread();
    return c.body(null, 204);
  });

function withTimes(row: { threadId: string; title: string; createdAt: number; updatedAt: number }) {
  const { threadId, title, createdAt, updatedAt } = row;
  return { threadId, title, createdAt: toIso(createdAt), updatedAt: toIso(updatedAt) };
}

function noThread(): ApiError {
  return new ApiError("not_found", "There is no such thread.");
}
