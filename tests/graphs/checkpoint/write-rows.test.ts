import { describe, expect, it } from "vitest";
import { startThread } from "./checkpoints.ts";
import { openSaver } from "./open-storage.ts";

describe("writes of a task", () => {
  it("stay as first written when repeated, except for what happened to the task", async () => {
    const { saver } = openSaver();
    const config = await startThread(saver, "t1").put({});
    await saver.putWrites(
      config,
      [
        ["a", 1],
        ["a", 2],
        ["__interrupt__", "first"],
      ],
      "task",
    );
    await saver.putWrites(
      config,
      [
        ["a", 8],
        ["a", 9],
        ["__interrupt__", "second"],
      ],
      "task",
    );
    await saver.putWrites(config, [["__resume__", "yes"]], "task");

    const tuple = await saver.getTuple(config);

    expect(tuple?.pendingWrites).toEqual([
      ["task", "__resume__", "yes"],
      ["task", "__interrupt__", "second"],
      ["task", "a", 1],
      ["task", "a", 2],
    ]);
  });

  it("are ordered by task path, then task, by code point", async () => {
    const { saver } = openSaver();
    const config = await startThread(saver, "t1").put({});
    await saver.putWrites(config, [["a", 4]], "\u{1F600}", "p");
    await saver.putWrites(config, [["a", 3]], "\uE000", "p");
    await saver.putWrites(config, [["a", 2]], "a", "p");
    await saver.putWrites(config, [["a", 1]], "z");

    const tuple = await saver.getTuple(config);

    expect(tuple?.pendingWrites?.map(([, , value]) => value)).toEqual([1, 2, 3, 4]);
  });
});
