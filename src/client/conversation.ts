import type { Answer, Problem } from "./api.ts";
import { callApi } from "./api.ts";
import type { Catalog } from "./catalog.ts";
import { answerNodeKey } from "./catalog.ts";
import { byId, el } from "./dom.ts";
import { followEnd } from "./follow-scroll.ts";
import type { LiveReply, ReplyState } from "./live-reply.ts";
import { createLiveReply } from "./live-reply.ts";
import type { RunWish } from "./start-run.ts";
import { createRunStarter, isRefusal } from "./start-run.ts";
import type { HistoryItem } from "./thread-history.ts";
import { threadHistory } from "./thread-history.ts";
import type { Page, Run, StartedRun, Thread } from "./wire.ts";

export interface ConversationEvents {
  /** Of the newest reply that goes on; unless idle, the thread takes no new message. */
  onState(state: ReplyState): void;
  /** A question is to be asked once more; `choice` when it must be what it was, because nobody knows if it arrived. */
  askAgain(question: string, choice: RunChoice | null): void;
  catalog(): Promise<Catalog | null>;
  /** The newest run of a thread that was opened. */
  onLastRun(run: Run): void;
}

export type RunChoice = Pick<RunWish, "graphId" | "model">;

export interface Conversation {
  clear(): void;
  /** Shows a stored thread and follows the run in it that still goes on. */
  open(threadId: string): Promise<Answer<Thread>>;
  /** Adds what the shown thread got from elsewhere, and follows what goes on in it; tells whether there was anything. */
  refresh(threadId: string): Promise<boolean>;
  /** A message that is refused because the thread has an active run leaves nothing behind. */
  send(wish: RunWish): Promise<Answer<StartedRun>>;
  /** null once the stop was taken. */
  stop(): Promise<Problem | null>;
  hurry(): void;
}

interface StoredThread {
  thread: Thread;
  items: readonly HistoryItem[];
  /** Newest first. */
  runs: readonly Run[];
}

/** What stands on the page of one run. */
interface Exchange {
  last: HTMLElement;
  reply: LiveReply | null;
}

/** A question that no run was started for. */
interface UnsentQuestion {
  message: string;
  element: HTMLElement;
  reply: LiveReply;
}

/** So many finished replies of an opened thread show their steps; those further up have their text alone. */
const replayedMax = 10;

export function createConversation({
  onState,
  askAgain,
  catalog,
  onLastRun,
}: ConversationEvents): Conversation {
  const messages = byId("messages", HTMLElement);
  const scroll = followEnd(byId("transcript", HTMLElement), messages);
  const startRun = createRunStarter();
  let active: LiveReply | null = null;
  const replies = new Set<LiveReply>();
  const exchanges = new Map<string, Exchange>();
  let unsent: UnsentQuestion[] = [];
  let starting: Promise<unknown> | null = null;
  let generation = 0;

  function createReply(ask: () => void): LiveReply {
    const reply = createLiveReply({
      onState(state) {
        if (state !== "idle") active = reply;
        else if (active === reply) active = null;
        else return;
        onState(state);
      },
      askAgain: ask,
    });
    replies.add(reply);
    return reply;
  }

  function clear() {
    generation += 1;
    for (const reply of replies) reply.close();
    replies.clear();
    exchanges.clear();
    unsent = [];
    starting = null;
    active = null;
    onState("idle");
    messages.replaceChildren();
  }

  async function open(threadId: string): Promise<Answer<Thread>> {
    clear();
    const asked = generation;
    const [stored, known] = await Promise.all([readThread(threadId), catalog()]);
    if (!stored.ok) return stored;
    const { thread, runs, items } = stored.value;
    if (asked !== generation) return { ok: true, value: thread };
    if (runs[0] !== undefined) onLastRun(runs[0]);
    show(items, known);
    scroll.toEnd();
    return { ok: true, value: thread };
  }

  async function refresh(threadId: string): Promise<boolean> {
    const asked = generation;
    await starting;
    const [stored, known] = await Promise.all([readThread(threadId), catalog()]);
    if (asked !== generation || !stored.ok) return false;
    // A message of this page went out meanwhile: what was read may or may not hold it.
    return starting === null ? show(stored.value.items, known) : refresh(threadId);
  }

  /** Puts what is not on the page yet at its place in the order of the thread. */
  function show(items: readonly HistoryItem[], known: Catalog | null): boolean {
    const before = new Map(exchanges);
    const isFirst = before.size === 0;
    const ended: LiveReply[] = [];
    let hasNew = false;
    let question = "";
    let last: HTMLElement | null = null;
    for (const item of items) {
      if (item.kind === "user") question = item.content;
      const there: Exchange | undefined = before.get(item.runId ?? "");
      if (there !== undefined) {
        last = there.last;
        if (item.kind === "active") there.reply?.rejoin();
        continue;
      }
      if (item.runId === null && !isFirst) continue;
      hasNew = true;
      if (item.kind === "user") takeBack(question);
      const { element, reply } = present(item, question, known);
      if (last === null) messages.prepend(element);
      else last.after(element);
      last = element;
      if (item.runId !== null) exchanges.set(item.runId, { last, reply });
      if (reply !== null && item.kind === "reply" && item.run !== null) ended.push(reply);
    }
    for (const reply of ended.slice(-replayedMax)) reply.replay();
    return hasNew;
  }

  function present(item: HistoryItem, question: string, known: Catalog | null) {
    if (item.kind === "user") return { element: userMessage(item.content), reply: null };
    const reply = createReply(() => askAgain(question, null));
    const graphId = item.run?.graphId ?? "";
    const name = { runId: item.runId, graphId, answerNodeKey: answerNodeKey(known, graphId) };
    if (item.kind === "active") reply.follow(name);
    else reply.present(name, item.transcript);
    return { element: reply.view.element, reply };
  }

  /** Takes the question off the page that seemed not to have been sent. */
  function takeBack(message: string) {
    for (const question of unsent.filter((entry) => entry.message === message)) discard(question);
    unsent = unsent.filter((entry) => entry.message !== message);
  }

  function discard({ element, reply }: Omit<UnsentQuestion, "message">) {
    reply.close();
    replies.delete(reply);
    reply.view.element.remove();
    element.remove();
  }

  async function send(wish: RunWish): Promise<Answer<StartedRun>> {
    const { message, graphId, model } = wish;
    messages.querySelector(".welcome")?.remove();
    takeBack(message);
    const element = userMessage(message);
    let choice: RunChoice | null = null;
    const reply = createReply(() => askAgain(message, choice));
    messages.append(element, reply.view.element);
    reply.view.showLink(null);
    active = reply;
    onState("running");
    scroll.toEnd();
    const asked = generation;
    const answered = Promise.all([startRun(wish), catalog()]);
    starting = answered;
    const [answer, known] = await answered;
    const isHere = asked === generation;
    if (isHere) starting = null;
    if (answer.ok) {
      const { runId } = answer.value;
      if (isHere && exchanges.has(runId)) {
        // An earlier try had arrived, and the thread has shown its run since.
        discard({ element, reply });
        becomeIdle();
        return answer;
      }
      if (isHere) exchanges.set(runId, { last: reply.view.element, reply });
      reply.follow({
        runId,
        graphId: answer.value.graphId,
        answerNodeKey: answerNodeKey(known, answer.value.graphId),
      });
      return answer;
    }
    if (!isHere) return answer;
    becomeIdle();
    if (isConflict(answer.problem)) {
      discard({ element, reply });
      return answer;
    }
    if (!isRefusal(answer.problem)) choice = { graphId, model };
    unsent.push({ message, element, reply });
    reply.view.showProblem(answer.problem);
    return answer;
  }

  function becomeIdle() {
    active = null;
    onState("idle");
  }

  return {
    clear,
    open,
    refresh,
    send,
    async stop() {
      return (await active?.stop()) ?? null;
    },
    hurry() {
      active?.hurry();
    },
  };
}

/** Whether the thread has an active run, which is what only a look at it shows. */
export function isConflict({ code }: Problem): boolean {
  return code === "conflict";
}

async function readThread(threadId: string): Promise<Answer<StoredThread>> {
  const id = encodeURIComponent(threadId);
  const [thread, runs] = await Promise.all([
    callApi<Thread>(`/api/v1/ai/threads/${id}`),
    callApi<Page<Run>>(`/api/v1/ai/runs?limit=100&threadId=${id}`),
  ]);
  if (!thread.ok) return thread;
  if (!runs.ok) return runs;
  const { items } = runs.value;
  return {
    ok: true,
    value: {
      thread: thread.value,
      runs: items,
      items: threadHistory(thread.value.messages, items),
    },
  };
}

function userMessage(content: string): HTMLElement {
  return el(
    "article",
    { class: "question", "aria-label": "You" },
    el("p", { dir: "auto" }, content),
  );
}
