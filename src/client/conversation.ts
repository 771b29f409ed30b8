import type { Answer } from "./api.ts";
import { callApi } from "./api.ts";
import type { Catalog } from "./catalog.ts";
import { answerNodeKey } from "./catalog.ts";
import { byId, el } from "./dom.ts";
import { followEnd } from "./follow-scroll.ts";
import type { LiveReply, ReplyState } from "./live-reply.ts";
import { createLiveReply } from "./live-reply.ts";
import { startRun } from "./start-run.ts";
import { threadHistory } from "./thread-history.ts";
import type { Page, Run, StartedRun, Thread } from "./wire.ts";

export interface ConversationEvents {
  /** Of the newest reply that goes on; unless idle, the thread takes no new message. */
  onState(state: ReplyState): void;
  /** A reply failed or was stopped, and its question is to be asked once more. */
  askAgain(question: string): void;
  catalog(): Promise<Catalog | null>;
  /** The newest run of a thread that was opened. */
  onLastRun(run: Run): void;
}

export interface Conversation {
  clear(): void;
  /** Shows a stored thread and follows the run in it that still goes on. */
  open(threadId: string): Promise<Answer<Thread>>;
  send(wish: {
    message: string;
    graphId: string;
    model: string;
    threadId: string | null;
  }): Promise<Answer<StartedRun>>;
  stop(): Promise<void>;
  hurry(): void;
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
  let active: LiveReply | null = null;
  const replies = new Set<LiveReply>();
  let generation = 0;

  function addReply(question: string): LiveReply {
    const reply = createLiveReply({
      onState(state) {
        if (state !== "idle") active = reply;
        else if (active === reply) active = null;
        else return;
        onState(state);
      },
      askAgain: () => askAgain(question),
    });
    replies.add(reply);
    messages.append(reply.view.element);
    return reply;
  }

  function clear() {
    generation += 1;
    for (const reply of replies) reply.close();
    replies.clear();
    active = null;
    onState("idle");
    messages.replaceChildren();
  }

  async function open(threadId: string): Promise<Answer<Thread>> {
    clear();
    const asked = generation;
    const [thread, runs, known] = await Promise.all([
      callApi<Thread>(`/api/v1/ai/threads/${encodeURIComponent(threadId)}`),
      callApi<Page<Run>>(`/api/v1/ai/runs?limit=100&threadId=${encodeURIComponent(threadId)}`),
      catalog(),
    ]);
    if (!thread.ok || asked !== generation) return thread;
    const shown = runs.ok ? runs.value.items : [];
    // The API lists the newest first.
    if (shown[0] !== undefined) onLastRun(shown[0]);
    const ended: LiveReply[] = [];
    let question = "";
    for (const item of threadHistory(thread.value.messages, shown)) {
      if (item.kind === "user") {
        question = item.content;
        messages.append(userMessage(question));
      } else if (item.kind === "active") {
        const { runId, graphId } = item.run;
        addReply(question).follow({ runId, graphId, answerNodeKey: answerNodeKey(known, graphId) });
      } else {
        const graphId = item.run?.graphId ?? "";
        const reply = addReply(question);
        reply.present(
          { runId: item.runId, graphId, answerNodeKey: answerNodeKey(known, graphId) },
          item.transcript,
        );
        if (item.run !== null) ended.push(reply);
      }
    }
    for (const reply of ended.slice(-replayedMax)) reply.replay();
    scroll.toEnd();
    return thread;
  }

  async function send(wish: Parameters<Conversation["send"]>[0]): Promise<Answer<StartedRun>> {
    messages.querySelector(".welcome")?.remove();
    messages.append(userMessage(wish.message));
    const reply = addReply(wish.message);
    reply.view.showLink(null);
    active = reply;
    onState("running");
    scroll.toEnd();
    const asked = generation;
    const [answer, known] = await Promise.all([startRun(wish), catalog()]);
    if (asked !== generation) return answer;
    if (answer.ok) {
      const { runId, graphId } = answer.value;
      reply.follow({ runId, graphId, answerNodeKey: answerNodeKey(known, graphId) });
    } else {
      active = null;
      onState("idle");
      reply.view.showProblem(answer.problem);
    }
    return answer;
  }

  return {
    clear,
    open,
    send,
    async stop() {
      await active?.stop();
    },
    hurry() {
      active?.hurry();
    },
  };
}

function userMessage(content: string): HTMLElement {
  return el("article", { class: "question", "aria-label": "You" }, el("p", {}, content));
}
