import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/ports/ai-event.ts";
import { EventLog } from "../../../src/run/viewers/event-log.ts";
import { createTables } from "../../../src/run/storage.ts";
import { sqliteStorage } from "../sqlite-storage.ts";

describe("a call's text whose transaction was rolled back", () => {
  it.each([[["ab"]], [["a", "b"]]])(
    "is neither kept nor counted as shown: after %j the rest still comes once",
    (before) => {
      const storage = sqliteStorage();
      createTables(storage);
      const log = new EventLog({
        storage,
        publish: () => {},
        purgedAtSeq: 0,
        crashPoint: () => {},
        now: () => 0,
        delay: () => () => {},
      });
      const say = (delta: string): void =>
        log.append({ type: "text_delta", messageId: "m", nodeKey: "n", delta });
      for (const piece of before) say(piece);
      expect(() =>
        log.atomically(() => {
          log.complete("m", "n", "abcd");
          throw new Error("disk I/O error");
        }),
      ).toThrow("disk I/O error");
      log.flush();
      const shown = () =>
        log
          .read(0)
          .map(({ json }) => JSON.parse(json) as Extract<RunEvent, { type: "text_delta" }>)
          .map(({ delta }) => delta)
          .join("");
      expect(shown()).toBe("ab");
      say("cd");
      log.flush();
      expect(shown()).toBe("abcd");
    },
  );
});
