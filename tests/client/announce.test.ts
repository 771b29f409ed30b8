import { expect, test } from "vitest";
import { nextAnnouncement } from "../../src/client/announce.ts";

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
