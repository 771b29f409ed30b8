import { plainText } from "./markdown.ts";
import type { Transcript } from "./transcript.ts";
import { shortfall } from "./transcript.ts";

/** How much of a reply has been told. */
export interface Told {
  upTo: number;
  resets: number;
  standing: string;
}

export const toldNothing: Told = { upTo: 0, resets: 0, standing: "" };

/**
 * What to tell next of a reply, as one plain text because a later one would take its place; empty when there is nothing
 * new. A failure is left to the alert beside the reply.
 */
export function announcementOf(
  told: Told,
  transcript: Transcript,
  reply: string,
): { spoken: string; told: Told } {
  const { phase, resets } = transcript;
  const from = Math.min(told.upTo, reply.length);
  const { spoken, upTo } = nextAnnouncement(reply, from, phase === "ended");
  const standing = standingOf(transcript);
  const parts = [
    resets > told.resets ? "Starting this part again." : "",
    plainText(spoken),
    standing === told.standing ? "" : standingWords(transcript, reply),
  ];
  return {
    spoken: parts.filter((part) => part !== "").join(" "),
    told: { upTo, resets, standing },
  };
}

/** A question after another is news, though the run may never have been seen at work between the two. */
function standingOf({ phase, questions }: Transcript): string {
  const open = questions.filter(({ state }) => state === "open");
  return [phase, ...open.map(({ interruptId }) => interruptId)].join(" ");
}

function standingWords(transcript: Transcript, reply: string): string {
  const { phase, done } = transcript;
  if (phase === "interrupted") return "The run waits for your answer.";
  if (phase !== "ended" || done === "error") return "";
  if (done === "cancelled") return "Stopped.";
  const lack = shortfall(transcript, reply);
  return lack === "" ? "Reply finished." : `Reply finished. ${lack}.`;
}

/**
 * What a screen reader should be told next of a text that grows: whole sentences only, because half a word announced
 * twelve times a second is noise. `from` is the length already told. At the end of the text the rest is told as well.
 */
export function nextAnnouncement(
  text: string,
  from: number,
  isComplete: boolean,
): { spoken: string; upTo: number } {
  if (isComplete) return { spoken: text.slice(from).trim(), upTo: text.length };
  const fresh = text.slice(from);
  const end = Math.max(...[". ", "! ", "? ", "\n"].map((mark) => fresh.lastIndexOf(mark)));
  if (end === -1) return { spoken: "", upTo: from };
  return { spoken: fresh.slice(0, end + 1).trim(), upTo: from + end + 1 };
}
