import { applyEvent, emptyTranscript } from "../../../src/client/transcript.ts";
import type { Evidence } from "./oracle.ts";
import { pause } from "./host.ts";
import type { ProductApi } from "./product-api.ts";
import { type SeenEvent, Viewer } from "./viewer.ts";

const replayMsMax = 15_000;

type Say = (what: string) => void;

/** A fresh viewer sees what the one saw that lived through the deaths, and both read the run's output. */
export async function checkTranscript(
  api: ProductApi,
  { run, tracked }: Evidence,
  say: Say,
): Promise<void> {
  const replay = new Viewer(api, run.runId);
  const settled = replay.untilSettled().then(() => true);
  if (!(await Promise.race([settled, pause(replayMsMax).then(() => false)])))
    return say(`a fresh viewer is not told within ${replayMsMax / 1_000} s that it has settled`);
  for (const complaint of replay.seen.complaints) say(`a fresh viewer ${complaint}`);
  for (const complaint of tracked?.seen?.complaints ?? []) say(`its viewer ${complaint}`);
  const { events } = replay.seen;
  const seen = tracked?.seen ?? null;
  const difference = seen === null ? null : firstDifference(seen.events, events);
  if (difference !== null) say(difference);

  checkOrder(events, say);
  const transcript = events.reduce(
    (so, { seq, event }) => applyEvent(so, seq, event),
    emptyTranscript,
  );
  if (transcript.done !== run.status) say(`its last done says ${transcript.done}`);
  if (run.status !== "success") return;
  if (transcript.final === null) return say("it has no final answer in its events");
  const { messageId, content } = transcript.final;
  if (content !== run.output) say("its final answer in the events is not its output");
  const text = transcript.steps.find(
    (step) => step.kind === "text" && step.messageId === messageId,
  );
  // A message that no model streamed has no text before it.
  if (text?.kind === "text" && text.text !== run.output)
    say(
      `its streamed text is ${JSON.stringify(text.text)}, its output ${JSON.stringify(run.output)}`,
    );
}

/** One `done` an attempt, after which only the next attempt may begin; a tool call starts once. */
function checkOrder(events: readonly SeenEvent[], say: Say): void {
  const started = new Set<string>();
  for (const [index, { seq, event }] of events.entries()) {
    const next = events[index + 1]?.event;
    if (event.type === "done" && next !== undefined && next.type !== "run_started")
      say(`event ${seq} is done, and ${next.type} follows`);
    if (event.type === "assistant_final" && next?.type !== "done")
      say(`event ${seq} is the final answer, and ${next?.type ?? "nothing"} follows`);
    if (event.type !== "tool_call_start") continue;
    if (started.has(event.toolCallId)) say(`tool call ${event.toolCallId} starts twice`);
    started.add(event.toolCallId);
  }
}

function firstDifference(
  seen: readonly SeenEvent[],
  replayed: readonly SeenEvent[],
): string | null {
  for (let index = 0; index < Math.max(seen.length, replayed.length); index += 1) {
    const [one, other] = [JSON.stringify(seen[index]), JSON.stringify(replayed[index])];
    if (one !== other) return `its viewer saw ${one} where a fresh one sees ${other}`;
  }
  return null;
}
