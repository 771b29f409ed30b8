import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { chunkUnitsMax, joinChunks, splitText } from "../../../graphs/runtime/checkpoint/chunks.ts";
import { loopMetadata, sizeOf, startThread } from "./checkpoints.ts";
import { openSaver } from "./open-storage.ts";

describe("a large value", () => {
  // Half of it takes two units a character, so that some cut would fall between them.
  const large = "x" + "\u{1F600}é€".repeat(800_000);

  it("of 5 MB and more comes back whole, from rows that a Durable Object takes", async () => {
    const { storage, saver } = openSaver();
    const message = new HumanMessage({ id: "m1", content: large });
    const config = await startThread(saver, "t1").put({ text: large, messages: [message] });
    await saver.putWrites(config, [["text", large]], "task");

    const tuple = await saver.getTuple(config);

    expect(tuple?.checkpoint.channel_values["text"] === large).toBe(true);
    expect(tuple?.checkpoint.channel_values["messages"]).toHaveProperty("0.id", "m1");
    expect(tuple?.checkpoint.channel_values).toHaveProperty(
      "messages.0.content.length",
      large.length,
    );
    expect(tuple?.pendingWrites?.[0]?.[2] === large).toBe(true);
    for (const kind of ["value", "item", "write"] as const) {
      expect(sizeOf(storage, kind).bytes).toBeGreaterThan(5_000_000);
      expect(sizeOf(storage, kind, "length(CAST(body AS BLOB)) > 1900000").rows).toBe(0);
    }
  });

  it("is never cut inside a character", () => {
    const text = "x".repeat(chunkUnitsMax - 1) + "\u{1F600}y";
    const chunks = splitText(text);
    const rows = chunks.map((body, chunk) => ({ body, chunk }));

    expect(chunks.every((chunk) => chunk.isWellFormed())).toBe(true);
    expect(joinChunks(rows)).toEqual([{ row: rows[0], text }]);
    expect(splitText("")).toEqual([""]);
  });

  it.each([
    ["metadata", { a: 1 }, { note: "n".repeat(chunkUnitsMax) }],
    [
      "names of channels",
      Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`${n}${"漢".repeat(300)}`, 1])),
      {},
    ],
  ])("in the %s is refused with advice, and leaves nothing behind", async (_, values, more) => {
    const { storage, saver } = openSaver();
    const metadata = { ...loopMetadata, ...more };

    await expect(startThread(saver, "t1").put(values, metadata)).rejects.toThrow(
      /keep large values in the graph's state/,
    );

    expect(sizeOf(storage, "checkpoint").rows).toBe(0);
  });
});
