import { nextAnnouncement } from "./announce.ts";
import { callApi } from "./api.ts";
import { browserSocketDeps } from "./browser-socket.ts";
import { replayRun, withReplay } from "./replay-run.ts";
import type { ReplyView } from "./reply-view.ts";
import { createReplyView } from "./reply-view.ts";
import type { RunSocket } from "./run-socket.ts";
import { followRun } from "./run-socket.ts";
import { announce } from "./shell.ts";
import { throttled } from "./throttle.ts";
import type { Transcript } from "./transcript.ts";
import { applyEvent, emptyTranscript, splitReply } from "./transcript.ts";

export interface LiveRunName {
  runId: string;
  graphId: string;
  answerNodeKey: string | null;
}

export interface LiveReply {
  view: ReplyView;
  follow(run: LiveRunName): void;
  /** Shows a run that is over from its record. */
  present(run: LiveRunName, record: Transcript): void;
  /** Adds the steps and the unfinished text of a presented run, if its log is still kept. */
  replay(): void;
  stop(): Promise<void>;
  hurry(): void;
  close(): void;
}

const renderEveryMs = 80;

export interface LiveReplyEvents {
  /**
   * While active, the thread takes no new message: until the run is settled, because until then the server would refuse
   * one.
   */
  onActive(isActive: boolean): void;
  askAgain(): void;
}

/** A reply and the run that feeds it. */
export function createLiveReply({ onActive, askAgain }: LiveReplyEvents): LiveReply {
  const view = createReplyView(askAgain);
  let run: LiveRunName | null = null;
  let transcript = emptyTranscript;
  let socket: RunSocket | null = null;
  let announcedUpTo = 0;
  /** A stop that was asked for before the server had named the run. */
  let isStopWanted = false;

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
    const isComplete = transcript.phase === "ended";
    const { spoken, upTo } = nextAnnouncement(
      reply,
      Math.min(announcedUpTo, reply.length),
      isComplete,
    );
    announcedUpTo = upTo;
    if (spoken !== "") announce(spoken);
  }

  async function cancel(runId: string) {
    const answer = await callApi(`/api/v1/ai/runs/${runId}/cancel`, { method: "POST" });
    if (!answer.ok) view.showProblem(answer.problem);
  }

  function connect(name: LiveRunName) {
    socket?.close();
    onActive(true);
    socket = followRun(
      name.runId,
      transcript.lastSeq,
      {
        onEvent(seq, event) {
          transcript = applyEvent(transcript, seq, event);
          render();
        },
        onSettled({ chargedCredits }) {
          if (transcript.cost !== null) {
            transcript = { ...transcript, cost: { ...transcript.cost, chargedCredits } };
          }
          render();
          onActive(false);
        },
        onLink(link) {
          view.showLink(link === "live" ? null : "Connection lost, trying again…");
        },
        onLost(message) {
          view.showLink(null);
          view.showProblem({ code: "lost", message });
          onActive(false);
        },
        onFinished() {
          view.showLink(null);
          onActive(false);
        },
      },
      browserSocketDeps,
    );
  }

  return {
    view,
    follow(name) {
      run = name;
      view.nameRun(name);
      view.show(transcript);
      connect(name);
      if (isStopWanted) void cancel(name.runId);
    },
    present(name, record) {
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
      isStopWanted = true;
      if (run !== null) await cancel(run.runId);
    },
    hurry() {
      socket?.hurry();
    },
    close() {
      socket?.close();
    },
  };
}
