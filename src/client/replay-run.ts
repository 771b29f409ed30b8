import type { RunSocket, RunSocketDeps } from "./run-socket.ts";
import { followRun } from "./run-socket.ts";
import type { Transcript } from "./transcript.ts";
import { applyEvent, emptyTranscript } from "./transcript.ts";

/**
 * Reads the log of a run that is over and tells what it led to, once: with the frame that follows the last event, which
 * comes well before the connection's end. Never tells when the log is gone or the connection breaks: the run's record,
 * which is on the page already, then has to do.
 */
export function replayRun(
  runId: string,
  onReplayed: (transcript: Transcript) => void,
  deps: RunSocketDeps,
): RunSocket {
  let transcript = emptyTranscript;
  let isTold = false;
  function tell() {
    if (isTold || transcript.phase !== "ended") return;
    isTold = true;
    onReplayed(transcript);
  }
  const socket = followRun(
    runId,
    0,
    {
      onEvent(seq, event) {
        transcript = applyEvent(transcript, seq, event);
      },
      onSettled() {
        socket.close();
        tell();
      },
      onLink(link) {
        // Nobody waits for it, so it is not worth a second connection. The retry is set only after this call.
        if (link === "reconnecting") queueMicrotask(() => socket.close());
      },
      onLost() {},
      onFinished: tell,
    },
    deps,
  );
  return socket;
}

/** The record decides how the run ended and what it cost; the log adds the way there. */
export function withReplay(record: Transcript, replayed: Transcript): Transcript {
  const { lastSeq, steps, questions, final, finishReason } = replayed;
  return { ...record, lastSeq, steps, questions, finishReason, final: final ?? record.final };
}
