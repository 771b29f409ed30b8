import { and, desc, eq, exists, lt, or, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { decodeCursor, pageOf, type Page, type PageWish } from "../base/paging.ts";
import { messages, threads } from "../db/schema.ts";

export interface ThreadSummary {
  threadId: string;
  title: string;
  createdAt: number;
  updatedAt: number;
}

export interface ThreadMessage {
  messageId: string;
  role: "user" | "assistant";
  content: string;
  runId: string;
  createdAt: number;
}

export interface Thread extends ThreadSummary {
  messages: ThreadMessage[];
}

/** The latest messages of a long thread are shown; what a run is given is shorter still. */
const messagesShownMax = 1_000;

const summary = {
  threadId: threads.id,
  title: threads.title,
  createdAt: threads.createdAt,
  updatedAt: threads.updatedAt,
};

export interface ThreadsWish extends PageWish {
  /** A part of the title, whatever its case. */
  q?: string | undefined;
  /** Also threads of which every run was started by a schedule. */
  withScheduled?: boolean;
}

/** Last used first. */
export async function listThreads(db: D1Database, wish: ThreadsWish): Promise<Page<ThreadSummary>> {
  const after = decodeCursor("threads", wish.cursor);
  const q = wish.q?.trim() ?? "";
  const { updatedAt, id } = threads;
  const rows = await drizzle(db)
    .select(summary)
    .from(threads)
    .where(
      and(
        eq(threads.billingAccountId, wish.accountId),
        // In the words of the index `threads_account`.
        wish.withScheduled === true ? undefined : sql`(${threads.trigger} = 'schedule') = 0`,
        q === "" ? undefined : sql`${threads.title} LIKE ${likePattern(q)} ESCAPE '\\'`,
        after === null
          ? undefined
          : or(lt(updatedAt, after.at), and(eq(updatedAt, after.at), lt(id, after.id))),
      ),
    )
    .orderBy(desc(updatedAt), desc(id))
    .limit(wish.limit + 1);
  return pageOf("threads", rows, wish.limit, (row) => ({ at: row.updatedAt, id: row.threadId }));
}

function likePattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}

/** A thread with its messages, oldest first; null when the account has no such thread. */
export async function getThread(
  db: D1Database,
  accountId: string,
  threadId: string,
): Promise<Thread | null> {
  const orm = drizzle(db);
  const own = and(eq(threads.id, threadId), eq(threads.billingAccountId, accountId));
  const [found, latest] = await orm.batch([
    orm.select(summary).from(threads).where(own),
    orm
      .select({
        messageId: messages.id,
        role: messages.role,
        content: messages.content,
        runId: messages.runId,
        createdAt: messages.createdAt,
      })
      .from(messages)
      .where(eq(messages.threadId, threadId))
      .orderBy(desc(messages.createdAt), desc(messages.id))
      .limit(messagesShownMax),
  ]);
  const [thread] = found;
  return thread === undefined ? null : { ...thread, messages: latest.toReversed() };
}

/** Removes a thread and its messages; runs, receipts and entries stay. False: the account has no such thread. */
export async function deleteThread(
  db: D1Database,
  accountId: string,
  threadId: string,
): Promise<boolean> {
  const orm = drizzle(db);
  const own = and(eq(threads.id, threadId), eq(threads.billingAccountId, accountId));
  const isOwn = exists(orm.select({ id: threads.id }).from(threads).where(own));
  const [, deleted] = await orm.batch([
    orm.delete(messages).where(and(eq(messages.threadId, threadId), isOwn)),
    orm.delete(threads).where(own).returning({ id: threads.id }),
  ]);
  return deleted.length === 1;
}
