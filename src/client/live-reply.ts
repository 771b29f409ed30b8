import type { JsonValue } from "../ports/json.ts";
import { announcementOf, toldNothing } from "./announce.ts";
import type { Problem } from "./api.ts";
import { callApi, problemText } from "./api.ts";
import { browserSocketDeps } from "./browser-socket.ts";
import { answerRun, retryRun } from "./go-on.ts";
import { replayRun, withReplay } from "./replay-run.ts";
import type { ReplyView } from "./reply-view.ts";
import { createReplyView } from "./reply-view.ts";
import type { RunSocket } from "./run-socket.ts";
import { followRun } from "./run-socket.ts";
import { announce } from "./shell.ts";
import { throttled } from "./throttle.ts";
import type { Transcript } from "./transcript.ts";
import { applyEvent, beforeNextAttempt, emptyTranscript, splitReply } from "./transcript.ts";

export interface LiveRunName {
  runId: string;
  graphId: string;
  answerNodeKey: string | null;
}

export interface LiveReply {
  view: ReplyView;
  /** On a closed reply it does no more than carry out a stop that was asked for. */
  follow(run: LiveRunName): void;
  /** Follows the run again, which goes on, unless it is being followed. */
  rejoin(): void;
  /** Shows a run that is over from its record. */
  present(run: LiveRunName, record: Transcript): void;
  /** Adds the steps and the unfinished text of a presented run, if its log is still kept. */
  replay(): void;
  /** As soon as the server has named the run. null once the stop was taken. */
  stop(): Promise<Problem | null>;
  hurry(): void;
  close(): void;
}

const renderEveryMs = 80;

/**
 * Unless idle, the thread takes no new message: until the run is settled, because until then the server would refuse one.
 * `waiting`: for an answer of the person.
 */
export type ReplyState = "idle" | "running" | "waiting";

export interface LiveReplyEvents {
  /** May repeat itself. */
  onState(state: ReplyState): void;
  /** null where there is no place to ask. */
  askAgain: (() => void) | null;
}

/** A reply and the run that feeds it. */
export function createLiveReply({ onState, askAgain }: LiveReplyEvents): LiveReply {
  const view = createReplyView({ askAgain, retry, answer });
  let run: LiveRunName | null = null;
  let transcript = emptyTranscript;
  let socket: RunSocket | null = null;
  let told = toldNothing;
  let isFollowing = false;
  let isClosed = false;
  const named = Promise.withResolvers<string>();

  const render = throttled(
    () => {
      view.show(transcript);
      announceReply();
    },
    renderEveryMs,
    { now: () => performance.now(), later: (delayMs, task) => setTimeout(task, delayMs) },
  );

  function announceReply() {
    const { reply } = splitReply(transcript, run?.answerNodeKey ?? null);
    const { spoken, told: next } = announcementOf(told, transcript, reply);
    told = next;
    if (spoken !== "") announce(spoken);
  }

  async function answer(interruptId: string, value: JsonValue): Promise<string | null> {
    if (run === null) return null;
    const outcome = await answerRun(run.runId, { interruptId, value });
    return outcome.ok ? null : problemText(outcome.problem);
  }

  async function retry(): Promise<string | null> {
    if (run === null) return null;
    const outcome = await retryRun(run.runId);
    if (!outcome.ok) return problemText(outcome.problem);
    transcript = beforeNextAttempt(transcript);
    view.show(transcript);
    connect(run);
    return null;
  }

  function connect(name: LiveRunName) {
    socket?.close();
    isFollowing = true;
    onState("running");
    socket = followRun(
      name.runId,
      transcript.lastSeq,
      {
        onEvent(seq, event) {
          transcript = applyEvent(transcript, seq, event);
          onState(transcript.phase === "interrupted" ? "waiting" : "running");
          render();
        },
        onSettled({ chargedCredits }) {
          if (transcript.cost !== null) {
            transcript = { ...transcript, cost: { ...transcript.cost, chargedCredits } };
          }
          render();
          leave();
        },
        onLink(link) {
          view.showLink(link === "live" ? null : "Connection lost, trying again…");
        },
        onLost(message) {
          view.showLink(null);
          view.showProblem({ code: "lost", message });
          leave();
        },
        onFinished() {
          view.showLink(null);
          leave();
        },
      },
      browserSocketDeps,
    );
  }

  function leave() {
    isFollowing = false;
    onState("idle");
  }

  return {
    view,
    follow(name) {
      named.resolve(name.runId);
      if (isClosed) return;
      run = name;
      view.nameRun(name);
      view.show(transcript);
      connect(name);
    },
    rejoin() {
      if (run !== null && !isFollowing) connect(run);
    },
    present(name, record) {
      named.resolve(name.runId);
      run = name;
      transcript = record;
      view.nameRun(name);
      view.show(record);
    },
    replay() {
      if (run === null) return;
      const show = (replayed: Transcript) => {
        transcript = withReplay(transcript, replayed);
        view.show(transcript);
      };
      socket = replayRun(run.runId, show, browserSocketDeps);
    },
    async stop() {
      const runId = await named.promise;
      const answer = await callApi(`/api/v1/ai/runs/${runId}/cancel`, { method: "POST" });
      return answer.ok ? null : answer.problem;
    },
    hurry() {
      socket?.hurry();
    },
    close() {
      isClosed = true;
      socket?.close();
    },
  };
}
