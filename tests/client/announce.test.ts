import { expect, test } from "vitest";
import { announcementOf, nextAnnouncement, toldNothing } from "../../src/client/announce.ts";
import type { Transcript } from "../../src/client/transcript.ts";
import { emptyTranscript } from "../../src/client/transcript.ts";

test("only whole sentences are told while a text grows", () => {
  expect(nextAnnouncement("The sea ri", 0, false)).toEqual({ spoken: "", upTo: 0 });
  const first = nextAnnouncement("The sea rises. And fa", 0, false);
  expect(first).toEqual({ spoken: "The sea rises.", upTo: 14 });
  expect(nextAnnouncement("The sea rises. And falls! Tw", first.upTo, false).spoken).toBe(
    "And falls!",
  );
});

test("at the end the rest is told, once", () => {
  const text = "One. Two";
  const { spoken, upTo } = nextAnnouncement(text, 5, true);
  expect(spoken).toBe("Two");
  expect(nextAnnouncement(text, upTo, true).spoken).toBe("");
});

test("a decimal point does not end a sentence", () => {
  expect(nextAnnouncement("It costs 3.5", 0, false).spoken).toBe("");
});

/** What is told of the states in turn. */
function heard(...states: (Partial<Transcript> & { reply?: string })[]): string[] {
  let told = toldNothing;
  return states.map(({ reply = "", ...state }) => {
    const next = announcementOf(told, { ...emptyTranscript, lastSeq: 1, ...state }, reply);
    told = next.told;
    return next.spoken;
  });
}

test("a reply is read without its marks, and its end is told with its last words, once", () => {
  const ended = { phase: "ended", done: "success", reply: "**One.** Two" } as const;
  expect(heard({ phase: "thinking", reply: "**One. Tw" }, ended, ended)).toEqual([
    "One.",
    "Two Reply finished.",
    "",
  ]);
});

test("a stop is told, a failure is left to its alert, and a shortfall is told with the end", () => {
  expect(heard({ phase: "ended", done: "cancelled" })).toEqual(["Stopped."]);
  expect(heard({ phase: "ended", done: "error" })).toEqual([""]);
  const cut = { phase: "ended", done: "success", finishReason: "length", reply: "Half a" } as const;
  expect(heard(cut)).toEqual(["Half a Reply finished. Cut off at the model's limit."]);
});

test("each question is told once", () => {
  const asked = (interruptId: string): Partial<Transcript> => ({
    phase: "interrupted",
    questions: [{ interruptId, value: "ok?", state: "open" }],
  });
  const words = "The run waits for your answer.";
  expect(heard(asked("a"), asked("a"), asked("b"))).toEqual([words, "", words]);
});

test("a part that is made anew is told", () => {
  expect(heard({ phase: "thinking" }, { phase: "thinking", resets: 1 })[1]).toBe(
    "Starting this part again.",
  );
});
